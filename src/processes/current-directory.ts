import { readlinkSync } from 'node:fs';
import { resolve } from 'node:path';

/** What Linux adds to the path of a directory that was deleted. */
const DELETED = / \(deleted\)$/;

/** The working directory of this process; the path that it had if it was deleted, which makes `process.cwd` throw. Never throws. */
export function currentDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return formerDirectory();
  }
}

/** `path.resolve`, which throws when the working directory was deleted; this one does not. */
export function absolutePath(path: string): string {
  return resolve(currentDirectory(), path);
}

/** PWD is that of the start: a later `process.chdir` does not change it. */
function formerDirectory(): string {
  try {
    return readlinkSync('/proc/self/cwd').replace(DELETED, '');
  } catch {
    return process.env['PWD'] ?? '/';
  }
}
