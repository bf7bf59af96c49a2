import type { Stats } from 'node:fs';
import { lstat, readlink, realpath } from 'node:fs/promises';
import { dirname, join, parse, resolve, sep } from 'node:path';

/** As in Linux. */
const MAX_LINKS = 40;

/**
 * The first file, directory or link on the way to a path, or the path itself, that another user than this one and root may write to, by
 * its owner and mode. A directory with the sticky bit counts: others may add files to it. Rejects when the path does not exist.
 */
export async function foreignWriter(path: string, links = 0): Promise<string | undefined> {
  if (links > MAX_LINKS) throw new Error(`there are more than ${MAX_LINKS} symbolic links on the way`);
  const { root } = parse(resolve(path));
  let at = root;
  for (const part of ['', ...resolve(path).slice(root.length).split(sep)]) {
    at = join(at, part);
    const stats = await lstat(at);
    if (isForeign(stats)) return at;
    if (!stats.isSymbolicLink()) continue;
    const found = await foreignWriter(resolve(dirname(at), await readlink(at)), links + 1);
    if (found !== undefined) return found;
    at = await realpath(at);
  }
  return undefined;
}

/** True when another user than this one and root may write to it. The mode of a link has no meaning. */
export function isForeign(stats: Stats): boolean {
  const isOwn = stats.uid === 0 || stats.uid === process.getuid?.();
  return !isOwn || (!stats.isSymbolicLink() && (stats.mode & 0o022) !== 0);
}
