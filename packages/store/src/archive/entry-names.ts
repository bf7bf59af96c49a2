import { refusedEntry } from './refused.js';

type Kind = 'file' | 'directory' | 'implied';

/** The names that an archive has had, as a file system sees them that tells neither case nor forms of Unicode apart. */
export class EntryNames {
  readonly #seen = new Map<string, { readonly path: string; kind: Kind }>();

  /** Throws StoreError ERR_ARCHIVE for a name that is there, in the same or another spelling, and for one below a file. */
  add(path: string, kind: 'file' | 'directory'): void {
    for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1))
      this.#addParent(path, path.slice(0, at));
    const before = this.#seen.get(folded(path));
    if (before === undefined) this.#seen.set(folded(path), { path, kind });
    else if (before.path !== path) throw refusedEntry(path, sameAs(before.path));
    else if (before.kind === 'implied' && kind === 'directory') before.kind = kind;
    else throw refusedEntry(path, 'it is there twice');
  }

  #addParent(path: string, parent: string): void {
    const before = this.#seen.get(folded(parent));
    if (before === undefined) this.#seen.set(folded(parent), { path: parent, kind: 'implied' });
    else if (before.path !== parent) throw refusedEntry(path, sameAs(before.path));
    else if (before.kind === 'file') throw refusedEntry(path, `${parent} is a file`);
  }
}

/** Upper case first: some letters only become the same there. */
function folded(path: string): string {
  return path.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}

function sameAs(path: string): string {
  return `many file systems take it for ${JSON.stringify(path)}, which is there too`;
}
