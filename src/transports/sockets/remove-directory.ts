import { readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { findNoFollow } from './no-follow.js';

/**
 * Removes a directory and what is in it. Unlike `fs.rm` it never leaves the directory on Linux, also while another user replaces parts of
 * it with symbolic links: in a directory that a group may write to, that would remove any file of this user. Never throws.
 */
export function removeDirectory(path: string): void {
  try {
    const directory = findNoFollow(path);
    try {
      if (!directory.stats.isDirectory()) return;
      for (const name of readdirSync(directory.path)) removeEntry(`${directory.path}/${name}`);
    } finally {
      directory.close();
    }
    rmdirSync(path);
  } catch {}
}

/** `unlink` does not follow links, and fails for a directory. */
function removeEntry(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    removeDirectory(path);
  }
}
