import { closeSync, constants, fstatSync, openSync, readFileSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessDescription } from '../../processes/this-process.js';

/** In a private directory: the processes that use the sockets in it, as JSON. */
export const OWNER_FILE = 'owner.json';

const MAX_BYTES = 4_096;

/** Notes whose sockets are in a private directory that was just made. Never throws. */
export function noteOwners(directory: string, owners: readonly ProcessDescription[]): void {
  try {
    writeFileSync(join(directory, OWNER_FILE), JSON.stringify(owners), { flag: 'wx', mode: 0o600 });
  } catch {}
}

/**
 * Notes others in place of those that were noted; nobody: that it is not known. In a directory that is `shared` with a group, whose members
 * may write to it, the file is a new one, so that what they put in its place is not written to. Elsewhere it is written over: on ext4 a
 * file in a new directory takes 0.2 ms of CPU. Never throws.
 */
export function replaceOwners(
  directory: string,
  owners: readonly ProcessDescription[],
  { shared }: { readonly shared: boolean },
): void {
  const path = join(directory, OWNER_FILE);
  if (!shared && owners.length > 0 && writeOver(path, JSON.stringify(owners))) return;
  try {
    unlinkSync(path);
  } catch {}
  if (owners.length > 0) noteOwners(directory, owners);
}

/** Whether it was done: only a file that has no other name, and whose text is not longer, is written over. */
function writeOver(path: string, text: string): boolean {
  try {
    const descriptor = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(descriptor);
      if (!stats.isFile() || stats.nlink !== 1 || stats.size > text.length) return false;
      return writeSync(descriptor, text) === text.length;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false;
  }
}

/** Who was noted in a directory by this user; undefined when that cannot be told. Never throws. */
export function readOwners(directory: string): readonly ProcessDescription[] | undefined {
  try {
    const owners: unknown = JSON.parse(readOwn(join(directory, OWNER_FILE)));
    return Array.isArray(owners) && owners.length > 0 && owners.every(isDescription) ? owners : undefined;
  } catch {
    return undefined;
  }
}

/** The text of a small regular file of this user, without following a link and without waiting for a pipe. */
function readOwn(path: string): string {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(descriptor);
    const isOwn = stats.isFile() && stats.uid === process.getuid?.() && stats.size <= MAX_BYTES;
    return isOwn ? readFileSync(descriptor, 'utf8') : '';
  } finally {
    closeSync(descriptor);
  }
}

function isDescription(value: unknown): value is ProcessDescription {
  if (typeof value !== 'object' || value === null || !('pid' in value)) return false;
  const texts = Object.entries(value).filter(([name]) => name !== 'pid');
  return (
    Number.isSafeInteger(value.pid) && Number(value.pid) > 0 && texts.every(([, text]) => typeof text === 'string')
  );
}
