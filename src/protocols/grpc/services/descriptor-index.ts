import type { FileDescriptor } from './descriptors.js';

/** Finds files by name, by a symbol that they declare, or by an extension. Of several files that declare a name the first one counts. */
export class DescriptorIndex {
  readonly #files = new Map<string, FileDescriptor>();
  readonly #symbols = new Map<string, FileDescriptor>();
  /** By extended message, then by number. */
  readonly #extensions = new Map<string, Map<number, FileDescriptor>>();

  constructor(files: Iterable<FileDescriptor>) {
    for (const file of files) if (!this.#files.has(file.name)) this.#add(file);
  }

  fileNamed(name: string): FileDescriptor | undefined {
    return this.#files.get(name);
  }

  fileDeclaring(symbol: string): FileDescriptor | undefined {
    return this.#symbols.get(symbol);
  }

  fileExtending(extendee: string, number: number): FileDescriptor | undefined {
    return this.#extensions.get(extendee)?.get(number);
  }

  /** Numbers of the extensions of a message, ascending; undefined for a name that no file declares. */
  extensionsOf(extendee: string): number[] | undefined {
    const extensions = this.#extensions.get(extendee);
    if (extensions === undefined) return this.#symbols.has(extendee) ? [] : undefined;
    return [...extensions.keys()].sort((a, b) => a - b);
  }

  /**
   * The file, and then everything it depends on that is not in `sent`. Adds them all to `sent` (grpc-go reflection/internal
   * FileDescWithDependencies).
   */
  withDependencies(file: FileDescriptor, sent: Set<string>): Uint8Array[] {
    const files: Uint8Array[] = [];
    const seen = new Set([file]);
    for (const next of seen) {
      if (next === file || !sent.has(next.name)) files.push(next.bytes);
      sent.add(next.name);
      for (const name of next.dependencies) {
        const dependency = this.#files.get(name);
        if (dependency !== undefined) seen.add(dependency);
      }
    }
    return files;
  }

  #add(file: FileDescriptor): void {
    this.#files.set(file.name, file);
    for (const symbol of file.symbols) if (!this.#symbols.has(symbol)) this.#symbols.set(symbol, file);
    for (const { extendee, number } of file.extensions) {
      const numbers = this.#extensions.get(extendee) ?? new Map<number, FileDescriptor>();
      this.#extensions.set(extendee, numbers);
      if (!numbers.has(number)) numbers.set(number, file);
    }
  }
}
