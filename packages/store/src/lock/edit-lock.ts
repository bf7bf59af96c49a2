import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { StoreError } from '../errors.js';
import { describeOwner, isGone } from '../owner.js';
import { formatLock } from './format-lock.js';
import type { LockedPlugin, LockFile } from './lock-file.js';
import { parseLock } from './parse-lock.js';
import { readLock } from './read-lock.js';

/** How often, and how many times, it is looked whether another program has ended its change. */
const POLL_MS = 20;
const MAX_POLLS = 500;

/**
 * Changes a lock file. One change at a time, also of several programs: each sees what the one before has written. It is written by a
 * rename, so that readers see the file before or after. Rejects with StoreError ERR_LOCK.
 */
export async function editLock(file: string, change: (lock: LockFile) => LockFile): Promise<LockFile> {
  const mark = `${file}.edit`;
  const next = `${mark}.new`;
  try {
    await takeMark(mark, file);
  } catch (error) {
    throw notWritten(file, error);
  }
  try {
    const changed = change(await readLock(file));
    const text = formatLock(changed);
    // What could not be read again would make all of the file useless.
    parseLock(text, file);
    await writeFile(next, text);
    await rename(next, file);
    return changed;
  } catch (error) {
    await rm(next, { force: true });
    throw notWritten(file, error);
  } finally {
    await rm(mark, { force: true });
  }
}

/** The lock file with a plugin, whose place has to be as it was when the change began. Throws StoreError ERR_LOCK. */
export function putPlugin(
  lock: LockFile,
  {
    key,
    before,
    plugin,
    file,
  }: {
    readonly key: string;
    readonly before: LockedPlugin | undefined;
    readonly plugin: LockedPlugin;
    readonly file: string;
  },
): LockFile {
  const now = Object.hasOwn(lock.plugins, key) ? lock.plugins[key] : undefined;
  const text = (one: LockedPlugin | undefined) =>
    one === undefined ? '' : formatLock({ lockVersion: 1, plugins: { [key]: one } });
  if (text(now) === text(before) || text(now) === text(plugin))
    return { ...lock, plugins: { ...lock.plugins, [key]: plugin } };
  throw new StoreError(
    'ERR_LOCK',
    `Another program has changed \`${key}\` of ${file} meanwhile. It was left as it is now; do the same again if that is still wanted.`,
  );
}

/** As long as the mark is there, nobody else makes it: it names the program that changes the file. */
async function takeMark(mark: string, file: string): Promise<void> {
  for (let poll = 0; poll < MAX_POLLS; poll += 1) {
    if (create(mark)) return;
    if (!removeOfGone(mark)) await wait(POLL_MS);
  }
  throw new StoreError(
    'ERR_LOCK',
    `Another program has been changing ${file} for ${(POLL_MS * MAX_POLLS) / 1000} s. If none is, remove ${mark}, and ${removingOf(mark)} if it is there.`,
  );
}

/** Without a turn of the event loop in between, so that hardly anybody sees it without its owner. */
function create(mark: string): boolean {
  try {
    const descriptor = openSync(mark, 'wx', 0o666);
    try {
      writeSync(descriptor, describeOwner());
    } finally {
      closeSync(descriptor);
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes the mark of a program that was killed. One program at a time does so: between a look and the removal the mark of one that has
 * just ended may have become another's.
 */
function removeOfGone(mark: string): boolean {
  if (!isOfGone(mark)) return false;
  const removing = removingOf(mark);
  if (!create(removing)) return false;
  try {
    if (!isOfGone(mark)) return false;
    rmSync(mark, { force: true });
    return true;
  } finally {
    rmSync(removing, { force: true });
  }
}

function isOfGone(mark: string): boolean {
  try {
    return isGone(readFileSync(mark, 'latin1'));
  } catch {
    return false;
  }
}

function removingOf(mark: string): string {
  return `${mark}.removing`;
}

function notWritten(file: string, error: unknown): StoreError {
  if (StoreError.is(error)) return error as StoreError;
  return new StoreError('ERR_LOCK', `${file} cannot be written: ${(error as Error).message}.`, { cause: error });
}
