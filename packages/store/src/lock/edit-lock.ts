import { rename, rm, writeFile } from 'node:fs/promises';
import { StoreError } from '../errors.js';
import { asOnlyEditor } from '../only-editor.js';
import { formatLock } from './format-lock.js';
import type { LockedPlugin, LockFile } from './lock-file.js';
import { parseLock } from './parse-lock.js';
import { readLock } from './read-lock.js';

/**
 * Changes a lock file. One change at a time, also of several programs: each sees what the one before has written. It is written by a
 * rename, so that readers see the file before or after. Rejects with StoreError ERR_LOCK.
 */
export async function editLock(file: string, change: (lock: LockFile) => LockFile): Promise<LockFile> {
  try {
    return await asOnlyEditor(file, () => changed(file, change));
  } catch (error) {
    throw notWritten(file, error);
  }
}

async function changed(file: string, change: (lock: LockFile) => LockFile): Promise<LockFile> {
  const next = `${file}.edit.new`;
  const lock = change(await readLock(file));
  const text = formatLock(lock);
  // What could not be read again would make all of the file useless.
  parseLock(text, file);
  try {
    await writeFile(next, text);
    await rename(next, file);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
  return lock;
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

function notWritten(file: string, error: unknown): StoreError {
  if (StoreError.is(error)) return error as StoreError;
  return new StoreError('ERR_LOCK', `${file} cannot be written: ${(error as Error).message}.`, { cause: error });
}
