import { type Dirent, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { isKnownToHaveExited } from '../../processes/running.js';
import { type ProcessSystem, readSystem } from '../../processes/system.js';
import { ownDirectories } from './exit-cleanup.js';
import { type FoundFile, findNoFollow } from './no-follow.js';
import { OWNER_FILE, readOwners } from './owner-file.js';

/** The beginning of the name of a private directory (go-plugin client.go Start). */
export const SOCKET_DIR_PREFIX = 'plugin-dir';

/** As `mkdtemp` makes it. */
const NAME = new RegExp(`^${SOCKET_DIR_PREFIX}[A-Za-z0-9]{6}$`);

/** Most names that are read, and most private directories that are looked into. */
const MAX_NAMES = 10_000;
const MAX_DIRECTORIES = 256;

/** When the last sweep of a directory ended, infinity while it goes on: one is enough, however many plugins start at the same time. */
const swept = new Map<string, number>();

/**
 * Removes the private directories in `tempDir` whose owners were killed, with the sockets in them: those of this user, all of whose owners
 * have exited for certain, and which contain nothing else. What cannot be confirmed stays. Ends early when the signal is aborted: then
 * nothing is open any more once the promise is resolved. Does nothing while another sweep goes on there, and until `pauseMs` after its end.
 * Never rejects.
 */
export async function sweepSocketDirs(signal: AbortSignal, tempDir = tmpdir(), { pauseMs = 0 } = {}): Promise<void> {
  const sweptAt = swept.get(tempDir) ?? Number.NEGATIVE_INFINITY;
  if (process.getuid === undefined || performance.now() - sweptAt < pauseMs) return;
  swept.set(tempDir, Number.POSITIVE_INFINITY);
  try {
    await sweep(signal, tempDir);
  } finally {
    if (signal.aborted || pauseMs === 0) swept.delete(tempDir);
    else swept.set(tempDir, performance.now());
  }
}

async function sweep(signal: AbortSignal, tempDir: string): Promise<void> {
  const here = readSystem();
  const own = ownDirectories();
  let names = 0;
  let directories = 0;
  try {
    for await (const entry of await opendir(tempDir)) {
      names += 1;
      if (signal.aborted || names > MAX_NAMES || directories >= MAX_DIRECTORIES) break;
      if (!entry.isDirectory() || !NAME.test(entry.name)) continue;
      const path = join(tempDir, entry.name);
      if (own.has(path)) continue;
      directories += 1;
      removeIf(path, (directory) => hasNoOwner(directory, here));
    }
  } catch {}
}

/**
 * Removes a private directory whose owner has exited, with the sockets in it. Does nothing for a path that is not named as a private
 * directory, and leaves a directory that contains anything but sockets. Never throws.
 */
export function removeAbandonedSocketDir(path: string | undefined): void {
  if (path !== undefined && basename(path).startsWith(SOCKET_DIR_PREFIX)) removeIf(path, () => true);
}

function hasNoOwner({ path, stats }: FoundFile, here: ProcessSystem): boolean {
  return (
    stats.uid === process.getuid?.() && readOwners(path)?.every((owner) => isKnownToHaveExited(owner, here)) === true
  );
}

/** Removes a directory that contains sockets alone, if it `isStale`. Never throws. */
function removeIf(path: string, isStale: (directory: FoundFile) => boolean): void {
  try {
    const directory = findNoFollow(path);
    try {
      if (!directory.stats.isDirectory() || !isStale(directory)) return;
      const entries = readdirSync(directory.path, { withFileTypes: true });
      if (!entries.every((entry) => entry.isSocket() || isOwnerFile(entry))) return;
      // The owner file last: a removal that is interrupted can be taken up again.
      const sockets = entries.filter((entry) => !isOwnerFile(entry));
      for (const { name } of [...sockets, ...entries.filter(isOwnerFile)]) unlinkSync(join(directory.path, name));
    } finally {
      directory.close();
    }
    rmdirSync(path);
  } catch {}
}

function isOwnerFile(entry: Dirent): boolean {
  return entry.name === OWNER_FILE && entry.isFile();
}
