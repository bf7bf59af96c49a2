import { createHash } from 'node:crypto';
import type { Digest } from '../../digest.js';
import { StoreError } from '../../errors.js';
import { someOf } from '../../quote.js';
import { type LayerEntry, layerPath } from './layer.js';

/** A file in a layer. */
export interface FoundFile {
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
}

/** Largest program, in bytes. */
const MAX_BINARY_BYTES = 1024 ** 3;
/** Most characters of the paths that are remembered as removed or replaced, in all layers: about 500 000 files. */
const MAX_HIDDEN_CHARS = 32 * 1024 ** 2;
/** What is told of files with the same name. */
const MAX_CANDIDATES = 10;
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/** What a layer has at the paths that may be the program. */
interface Candidate {
  readonly type: LayerEntry['type'];
  readonly target: string;
  readonly file: Promise<FoundFile> | undefined;
}

/**
 * Looks for a program in the layers of an image, the last one first: the last layer that has it wins, and what a layer removes is in none
 * below it. `binary` is a path, or a name in any folder.
 */
export class BinarySearch {
  readonly #what: string;
  readonly #binary: string;
  readonly #isPath: boolean;
  /** Paths that later layers have removed or replaced, with all that is below them. */
  readonly #hidden = new Set<string>();
  /** Folders of which later layers have removed all that was in them. */
  readonly #opaque = new Set<string>();
  #hiddenChars = 0;

  constructor(what: string, binary: string) {
    this.#what = what;
    this.#binary = layerPath(binary);
    this.#isPath = binary.includes('/');
  }

  /** A layer: `read` calls with each of its entries, and may do so twice. Resolves with the program, if it is in this layer. */
  async layer(read: (onEntry: (entry: LayerEntry) => void) => Promise<void>): Promise<FoundFile | undefined> {
    const candidates = new Map<string, Candidate>();
    const hides = { paths: new Set<string>(), opaque: new Set<string>() };
    await read((entry) => this.#take(entry, candidates, hides));
    const found = await this.#choose(candidates, read);
    for (const path of hides.paths) this.#hidden.add(path);
    for (const path of hides.opaque) this.#opaque.add(path);
    return found;
  }

  #take(
    entry: LayerEntry,
    candidates: Map<string, Candidate>,
    hides: { paths: Set<string>; opaque: Set<string> },
  ): void {
    const { path, type, target } = entry;
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    const folder = path.slice(0, Math.max(slash, 0));
    if (name === OPAQUE) return this.#remember(hides.opaque, folder);
    if (name.startsWith(WHITEOUT)) return this.#remember(hides.paths, joined(folder, name.slice(WHITEOUT.length)));
    // What is no folder replaces a folder with all that is in it.
    if (type !== 'directory') this.#remember(hides.paths, path);
    if (type === 'directory' || !this.#isWanted(path, name) || this.#isHidden(path)) return;
    if (candidates.size >= MAX_CANDIDATES) return;
    candidates.set(path, { type, target, file: type === 'file' ? this.#measure(entry) : undefined });
  }

  /** Only what is where the program could be matters. */
  #remember(paths: Set<string>, path: string): void {
    if (!this.#mayHold(path) || paths.has(path)) return;
    this.#hiddenChars += path.length;
    if (this.#hiddenChars > MAX_HIDDEN_CHARS)
      throw new StoreError(
        'ERR_SIZE',
        `${this.#what} has too many files to look for one by its name. Give the whole path of the program.`,
      );
    paths.add(path);
  }

  #isWanted(path: string, name: string): boolean {
    return this.#isPath ? path === this.#binary : name === this.#binary;
  }

  #mayHold(path: string): boolean {
    return !this.#isPath || path === '' || this.#binary === path || this.#binary.startsWith(`${path}/`);
  }

  #isHidden(path: string): boolean {
    const parts = path.split('/');
    return parts.some((_, index) => {
      const above = parts.slice(0, index).join('/');
      return this.#opaque.has(above) || this.#hidden.has(joined(above, parts[index]!));
    });
  }

  #measure({ content, path, size }: LayerEntry): Promise<FoundFile> {
    const measured = new Promise<FoundFile>((resolve, reject) => {
      if (size > MAX_BINARY_BYTES) {
        content.resume();
        return reject(
          new StoreError(
            'ERR_SIZE',
            `${path} of ${this.#what} has ${size} bytes; at most ${MAX_BINARY_BYTES} are taken.`,
          ),
        );
      }
      const hash = createHash('sha256');
      content.on('data', (chunk: Buffer) => hash.update(chunk));
      content.on('end', () => resolve({ path, size, digest: `sha256:${hash.digest('hex')}` }));
    });
    // Whoever chooses it is told.
    measured.catch(() => undefined);
    return measured;
  }

  async #choose(
    candidates: ReadonlyMap<string, Candidate>,
    read: (onEntry: (entry: LayerEntry) => void) => Promise<void>,
  ): Promise<FoundFile | undefined> {
    const [first, ...others] = candidates;
    if (first === undefined) return undefined;
    const [path, { type, target, file }] = first;
    if (others.length > 0)
      throw new StoreError(
        'ERR_ARCHIVE',
        `${this.#what} has several files of this name: ${someOf([...candidates.keys()].map((one) => `/${one}`))}. Give the whole path of one.`,
      );
    if (file !== undefined) return file;
    if (type === 'hard link') return this.#linked(path, layerPath(target), read);
    throw new StoreError(
      'ERR_ARCHIVE',
      `/${path} of ${this.#what} is no file but a ${type}${target === '' ? '' : ` to ${target}`}. Give the path of the file.`,
    );
  }

  /** A hard link is another name of a file of the same layer. */
  async #linked(
    path: string,
    target: string,
    read: (onEntry: (entry: LayerEntry) => void) => Promise<void>,
  ): Promise<FoundFile> {
    let file: Promise<FoundFile> | undefined;
    await read((entry) => {
      if (entry.path === target && entry.type === 'file') file = this.#measure(entry);
    });
    if (file !== undefined) return file;
    throw new StoreError(
      'ERR_ARCHIVE',
      `/${path} of ${this.#what} is a hard link to /${target}, which is no file of the same layer. Give another path.`,
    );
  }
}

function joined(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}
