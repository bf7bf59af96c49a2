import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describeOwner, isForeign, isGone } from '../owner.js';

/** Most directories that are looked at. */
const MAX_NAMES = 1000;

/** After this time a directory is removed whose owner cannot be known: of another machine, or from before the last start of this one. */
const FOREIGN_MS = 7 * 24 * 3_600_000;

/** A private directory for one installation. */
export interface Workspace {
  /** The archive, as far as it is there. */
  readonly archive: string;
  /** What is to be renamed into the store. */
  readonly entry: string;
  remove(): Promise<void>;
}

/**
 * Makes the directory of an installation, in the store, so that a rename moves it there. Its name says whose it is: nothing is between its
 * making and the note. Where a process was killed while it fetched the same archive, its directory is taken over, with what it had fetched.
 */
export async function openWorkspace(root: string, hex: string): Promise<Workspace> {
  const tmp = tmpOf(root);
  await makeFolder(tmp);
  const path = privatePath(root);
  const workspace = {
    archive: join(path, archiveName(hex)),
    entry: join(path, 'entry'),
    remove: () => rm(path, { recursive: true, force: true, maxRetries: 3 }),
  };
  if (await takeOver(tmp, hex, path)) await rm(workspace.entry, { recursive: true, force: true });
  else await mkdir(path, { mode: 0o700 });
  return workspace;
}

/** The path of a directory in the store that nobody else makes. When this process has ended, it is removed by the next one. */
export function privatePath(root: string): string {
  return join(tmpOf(root), `${describeOwner()}-${randomBytes(6).toString('hex')}`);
}

/** Makes a folder of this user, and those above it. Node's own `recursive` says ENOENT for what cannot be written to. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path, { mode: 0o700 }).catch((failure: NodeJS.ErrnoException) => {
      if (failure.code !== 'EEXIST') throw failure;
    });
  }
}

/** Removes the directories whose owners have ended for certain. Never rejects: what cannot be removed stays for another time. */
export async function sweepWorkspaces(root: string): Promise<void> {
  const tmp = tmpOf(root);
  const now = await timeOf(tmp);
  for (const name of await namesIn(tmp)) {
    const owner = ownerOf(name);
    const path = join(tmp, name);
    const old = isForeign(owner) && (await timeOf(path)) < now - FOREIGN_MS;
    if (isGone(owner) || old) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function takeOver(tmp: string, hex: string, path: string): Promise<boolean> {
  for (const name of await namesIn(tmp)) {
    if (!isGone(ownerOf(name)) || !(await isThere(join(tmp, name, archiveName(hex))))) continue;
    // Of several that want it, one renames it.
    const taken = await rename(join(tmp, name), path).then(
      () => true,
      () => false,
    );
    if (taken) return true;
  }
  return false;
}

function tmpOf(root: string): string {
  return join(root, 'tmp');
}

function archiveName(hex: string): string {
  return `${hex}.part`;
}

function ownerOf(name: string): string {
  return name.slice(0, name.lastIndexOf('-'));
}

async function namesIn(tmp: string): Promise<readonly string[]> {
  return (await readdir(tmp).catch(() => [])).slice(0, MAX_NAMES);
}

/** When a directory was changed, by the clock of its file system: this machine's may be wrong. */
async function timeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Number.POSITIVE_INFINITY,
  );
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
