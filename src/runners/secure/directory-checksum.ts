import { createReadStream, type Stats } from 'node:fs';
import { lstat, readdir, readlink, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { checkOptions } from '../../wire/option-names.js';
import { createHasher } from './secure-config.js';

/** An entry of a directory: its path in it, with `/`. */
interface Entry {
  readonly path: string;
  readonly full: string;
  readonly stats: Stats;
}

/** How the checksum of a directory is made. */
export interface DirectoryChecksumOptions {
  /** Any hash of node:crypto. @default 'sha256' */
  readonly hash?: string;
  /** Gives up when it is aborted. */
  readonly signal?: AbortSignal;
}

/**
 * The checksum of a directory with all that is in it, for `secureConfig.directory`, as hexadecimal text. It is the hash of one record for
 * each entry, in the order of the paths' bytes: `d PATH\0` for a directory, `f DIGEST PATH\0` for a file, `x DIGEST PATH\0` for a file that
 * its owner may execute, `l TARGET\0PATH\0` for a symbolic link. Paths are relative, with `/`; DIGEST is the hexadecimal hash of the
 * content. Rejects for a link that leads out of the directory, and for what is neither file, directory nor link.
 *
 * @example
 * ```ts
 * await writeFile('plugin.sha256', await directoryChecksum('dist'));
 * ```
 */
export async function directoryChecksum(directory: string, options: DirectoryChecksumOptions = {}): Promise<string> {
  checkOptions('directoryChecksum', options, ['hash', 'signal']);
  const { hash = 'sha256', signal } = options;
  const root = await realpath(directory);
  const entries = await entriesOf(root);
  const hasher = createHasher(hash);
  for (const entry of entries) {
    signal?.throwIfAborted();
    hasher.update(await record(root, entry, hash));
  }
  return hasher.digest('hex');
}

/** All entries of a directory and of those in it, in the order of the bytes of their paths. Links are not followed. */
export async function entriesOf(root: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  const collect = async (inside: string) => {
    for (const name of await readdir(join(root, inside))) {
      const path = inside === '' ? name : `${inside}/${name}`;
      const full = join(root, path);
      const stats = await lstat(full);
      entries.push({ path, full, stats });
      if (stats.isDirectory()) await collect(path);
    }
  };
  await collect('');
  return entries.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

async function record(root: string, { path, full, stats }: Entry, hash: string): Promise<string> {
  if (stats.isDirectory()) return `d ${path}\0`;
  if (stats.isSymbolicLink()) {
    if (!isWithin(root, await realpath(full))) throw new Error(`the link ${full} leads out of the directory`);
    return `l ${await readlink(full)}\0${path}\0`;
  }
  if (!stats.isFile()) throw new Error(`${full} is neither a file, a directory nor a symbolic link`);
  const hasher = createHasher(hash);
  await pipeline(createReadStream(full), hasher);
  const digest = (hasher.read() as Buffer).toString('hex');
  return `${(stats.mode & 0o100) === 0 ? 'f' : 'x'} ${digest} ${path}\0`;
}

/** True for the path of a directory and for those in it. Both have no links. */
export function isWithin(directory: string, path: string): boolean {
  return path === directory || path.startsWith(directory + sep);
}
