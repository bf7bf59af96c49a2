import { closeSync, constants, fstatSync, openSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessDescription } from '../../processes/this-process.js';

/** In a private directory: the processes that use the sockets in it, as JSON. */
export const OWNER_FILE = 'owner.json';

const MAX_BYTES = 4_096;

/**
 * Notes whose sockets are in a private directory, in place of what was noted before; nobody: that it is not known. Members of the
 * directory's group may write to it, so the file is always a new one: what they put in its place is not written to. Never throws.
 */
export function noteOwners(directory: string, owners: readonly ProcessDescription[]): void {
  const path = join(directory, OWNER_FILE);
  try {
    unlinkSync(path);
  } catch {}
  if (owners.length === 0) return;
  try {
    writeFileSync(path, JSON.stringify(owners), { flag: 'wx', mode: 0o600 });
  } catch {}
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
