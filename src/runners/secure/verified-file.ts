import { existsSync, readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/** How to spawn an open file, whatever its path leads to by now. */
export interface DescriptorSpawn {
  readonly file: string;
  /** A descriptor that the child inherits as its descriptor 3. */
  readonly inherit?: number;
}

/** A file whose checksum was verified, still open. Whoever opened it closes it. */
export class VerifiedFile {
  readonly #handle: FileHandle;
  readonly #isProgram: boolean;

  /** Takes ownership of the handle. `isProgram`: the file is what is run, not something that the program reads. */
  constructor(handle: FileHandle, options: { readonly isProgram: boolean }) {
    this.#handle = handle;
    this.#isProgram = options.isProgram;
  }

  /**
   * How to run this very file; undefined where it can only be run by its path: the system has no /proc, or the file is not the
   * program. A binary is found by the kernel before exec closes its descriptor. A script is opened by its interpreter, after that: it
   * has to inherit the descriptor.
   */
  spawning(): DescriptorSpawn | undefined {
    if (!this.#isProgram || !existsSync('/proc/self/fd')) return undefined;
    const { fd } = this.#handle;
    return this.#isScript() ? { file: '/proc/self/fd/3', inherit: fd } : { file: `/proc/self/fd/${fd}` };
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  #isScript(): boolean {
    const head = Buffer.alloc(2);
    readSync(this.#handle.fd, head, 0, 2, 0);
    return head.toString('latin1') === '#!';
  }
}
