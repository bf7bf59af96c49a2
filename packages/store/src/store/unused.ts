import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { listTree } from '../archive/tree.js';
import { type Digest, isDigest } from '../digest.js';
import { COMPLETE_FILE, entryDirectory } from './entry.js';
import { storeFailure } from './store-failure.js';
import { privatePath } from './workspace.js';

/** An entry that was removed. */
export interface RemovedEntry {
  /** The digest of its archive. */
  readonly archive: Digest;
  /** The size of its files. */
  readonly bytes: number;
}

/** How exactly it is known when an entry was last used. */
const USE_MS = 24 * 3_600_000;

/** Notes that an entry is used, at most once a day. Never rejects: nothing is removed from a store that cannot be written to. */
export async function noteUse(root: string, archive: Digest): Promise<void> {
  const record = join(entryDirectory(root, archive), COMPLETE_FILE);
  const now = new Date();
  try {
    if ((await stat(record)).mtimeMs < now.getTime() - USE_MS) await utimes(record, now, now);
  } catch {
    // As above.
  }
}

/** Removes the entries that are not kept, and that nobody has used for so long. Rejects with StoreError ERR_STORE. */
export async function removeUnused(
  root: string,
  kept: ReadonlySet<Digest>,
  unusedMs: number,
): Promise<readonly RemovedEntry[]> {
  const removed: RemovedEntry[] = [];
  const trash = privatePath(root);
  try {
    for (const archive of await entriesOf(root)) {
      const directory = entryDirectory(root, archive);
      if (kept.has(archive) || Date.now() - (await usedAt(directory)) < unusedMs) continue;
      const bytes = await sizeOf(directory);
      await mkdir(trash, { recursive: true, mode: 0o700 });
      // By a rename, so that nobody finds half of it.
      await rename(directory, join(trash, String(removed.length)));
      removed.push({ archive, bytes });
    }
  } catch (error) {
    throw storeFailure(`The store ${root} cannot be cleared`, error);
  } finally {
    await rm(trash, { recursive: true, force: true, maxRetries: 3 });
  }
  return removed;
}

async function entriesOf(root: string): Promise<readonly Digest[]> {
  const names = await readdir(root).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.map((name) => `sha256:${name}`).filter(isDigest);
}

/** What has no record is no entry, and nobody uses it. */
async function usedAt(directory: string): Promise<number> {
  const times = await Promise.all(
    [directory, join(directory, COMPLETE_FILE)].map((path) =>
      stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times);
}

async function sizeOf(directory: string): Promise<number> {
  const entries = await listTree(directory).catch(() => []);
  return entries.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.size : 0), 0);
}
