import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { treeHash } from '../archive/tree-hash.js';
import { placeProgram, unpackArchive } from '../archive/unpack-archive.js';
import type { Digest } from '../digest.js';
import { hexOf } from '../digest.js';
import { StoreError } from '../errors.js';
import type { PluginSource, ReleaseFile } from '../sources/source.js';
import { type DownloadOptions, download } from './download.js';
import { COMPLETE_FILE, type Entry, entryDirectory, folderIn, formatRecord, readEntry, verifyEntry } from './entry.js';
import { storeFailure } from './store-failure.js';
import { openWorkspace, type Workspace } from './workspace.js';

/** An archive that is to be in the store. */
export interface WantedEntry {
  /** For messages: `kv 1.4.2 for linux-x64`. */
  readonly what: string;
  readonly archive: Digest;
  /** `h1:…` of the files, where it is known before. */
  readonly files?: string;
  /** The name of a program that is no archive. */
  readonly program?: string;
  /** Where it comes from; only asked for when it is not in the store. */
  readonly fetch: () => Promise<{ readonly source: PluginSource; readonly file: ReleaseFile }>;
  /** Looks at the unpacked folder before it is in the store. */
  readonly accept: (folder: string) => Promise<void>;
}

/** What an installation is at. */
export type InstallPhase = 'download' | 'unpack';

/** How an archive is installed. */
export interface EnsureOptions extends DownloadOptions {
  readonly onPhase?: (phase: InstallPhase) => void;
}

/**
 * The unpacked archive in the store, with its files verified. One that is not there, or has other files, is fetched into a private
 * directory, unpacked, verified, and renamed into its place. Of several that do that at the same time, the first one's stays. Rejects with
 * StoreError; then nothing is left.
 */
export async function ensureEntry(root: string, wanted: WantedEntry, options: EnsureOptions = {}): Promise<Entry> {
  const there = await verifiedEntry(root, wanted);
  if (there !== undefined) {
    await wanted.accept(there.folder);
    return there;
  }
  try {
    return await install(root, wanted, options);
  } catch (error) {
    throw storeFailure(`${wanted.what} cannot be put into the store ${root}`, error);
  }
}

/** Undefined also for one whose files were changed: it is replaced. */
async function verifiedEntry(root: string, { archive, files, what }: WantedEntry): Promise<Entry | undefined> {
  const entry = await readEntry(root, archive);
  if (entry === undefined) return undefined;
  return await verifyEntry(entry, files, what).then(
    () => entry,
    () => undefined,
  );
}

async function install(root: string, wanted: WantedEntry, options: EnsureOptions): Promise<Entry> {
  const { source, file } = await wanted.fetch();
  const workspace = await openWorkspace(root, hexOf(wanted.archive));
  try {
    options.onPhase?.('download');
    await download(source, file, workspace.archive, options);
    options.onPhase?.('unpack');
    const files = await unpack(workspace, wanted);
    await wanted.accept(folderIn(workspace.entry));
    await writeFile(join(workspace.entry, COMPLETE_FILE), formatRecord(wanted.archive, files));
    return await moveIn(root, workspace, { folder: folderIn(entryDirectory(root, wanted.archive)), files }, wanted);
  } finally {
    await workspace.remove();
  }
}

/** Resolves with the hash of the files, as they are on the disk. */
async function unpack({ archive, entry }: Workspace, { what, files, program }: WantedEntry): Promise<string> {
  const folder = folderIn(entry);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  if (program === undefined) await unpackArchive(archive, folder);
  else await placeProgram(archive, join(folder, program));
  const actual = await treeHash(folder);
  if (files === undefined || files === actual) return actual;
  throw new StoreError(
    'ERR_DIGEST',
    `The files of ${what} have the hash ${actual}, and the lock file says ${files}, though the archive is the right one. Restore the lock file.`,
  );
}

/** A directory that is in the way was there first, or is no complete entry: that one is moved out and removed. */
async function moveIn(root: string, workspace: Workspace, entry: Entry, wanted: WantedEntry): Promise<Entry> {
  const target = entryDirectory(root, wanted.archive);
  for (let attempt = 0; ; attempt += 1) {
    try {
      await rename(workspace.entry, target);
      return entry;
    } catch (error) {
      if (!isInTheWay(error) || attempt > 2) throw error;
    }
    const first = await verifiedEntry(root, wanted);
    if (first !== undefined) return first;
    await rename(target, `${workspace.entry}-in-the-way-${attempt}`).catch(() => undefined);
  }
}

/** Windows says EPERM. */
function isInTheWay(error: unknown): boolean {
  return ['ENOTEMPTY', 'EEXIST', 'EPERM', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}
