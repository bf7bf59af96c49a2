import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Digest } from '../digest.js';
import { StoreError } from '../errors.js';

/** An entry of a folder: its path in it, with `/`. */
export type TreeEntry =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly isExecutable: boolean; readonly size: number };

/** A file of a folder, read. */
export interface TreeFile {
  readonly digest: Digest;
  readonly isExecutable: boolean;
}

/** What is in a folder: directories, and files by their paths, each in the order of the bytes of the paths. */
export interface Tree {
  readonly directories: readonly string[];
  readonly files: ReadonlyMap<string, TreeFile>;
}

/**
 * All that is in a folder, in the order of the bytes of the paths. Rejects with StoreError ERR_STORE for what is neither a file nor a
 * directory: a link leads to something that nobody has verified.
 */
export async function listTree(folder: string): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = [];
  const collect = async (inside: string) => {
    for (const name of await readdir(join(folder, inside))) {
      const path = inside === '' ? name : `${inside}/${name}`;
      const stats = await lstat(join(folder, path));
      if (stats.isDirectory()) {
        entries.push({ kind: 'directory', path });
        await collect(path);
      } else if (stats.isFile()) {
        entries.push({ kind: 'file', path, isExecutable: (stats.mode & 0o100) !== 0, size: stats.size });
      } else throw new StoreError('ERR_STORE', `${join(folder, path)} is neither a file nor a directory: remove it.`);
    }
  };
  await collect('');
  return entries.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

/** Reads all that is in a folder. Rejects as `listTree`. */
export async function readTree(folder: string): Promise<Tree> {
  const directories: string[] = [];
  const files = new Map<string, TreeFile>();
  for (const entry of await listTree(folder)) {
    if (entry.kind === 'directory') directories.push(entry.path);
    else files.set(entry.path, { digest: await digestOf(join(folder, entry.path)), isExecutable: entry.isExecutable });
  }
  return { directories, files };
}

async function digestOf(file: string): Promise<Digest> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return `sha256:${hash.digest('hex')}`;
}
