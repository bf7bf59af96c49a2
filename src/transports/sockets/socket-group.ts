import { chmodSync, chownSync, lchmodSync, lchownSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { errorMessage, OptionsError, TransportError } from '../../errors.js';
import { type FoundFile, findNoFollow } from './no-follow.js';

/**
 * Gives a socket or a directory to a group, by name or number, and then sets its mode (go-plugin server.go setGroupWritable). Members of
 * the group may write to the directory, so the path may lead to another file by now: a symbolic link is not followed, and a file of
 * another kind or with several names is refused. On Linux owner and mode are changed by descriptor, so that the check cannot be raced.
 * Rejects with OptionsError for an unknown group, else with TransportError ERR_LISTEN.
 */
export async function giveToGroup(path: string, group: string, mode: number): Promise<void> {
  const gid = await resolveGroup(group);
  try {
    const file = findNoFollow(path);
    try {
      if (!isOurs(file)) throw new Error('it was replaced by another file meanwhile');
      changeGroup(file, path, gid, mode);
    } finally {
      file.close();
    }
  } catch (cause) {
    throw new TransportError(
      'ERR_LISTEN',
      `${path} could not be given to the group ${group} (${errorMessage(cause)}): a user can give files only to the groups of the user.`,
      { cause },
    );
  }
}

/** A hard link to a socket elsewhere would give that to the group. */
function isOurs({ stats }: FoundFile): boolean {
  return stats.isDirectory() || (stats.isSocket() && stats.nlink === 1);
}

/** On Linux `file.path` is a descriptor's, elsewhere `path`: the functions for links do not follow one that was put there since. */
function changeGroup(file: FoundFile, path: string, gid: number, mode: number): void {
  if (file.path !== path) {
    chownSync(file.path, -1, gid);
    chmodSync(file.path, mode);
    return;
  }
  lchownSync(path, -1, gid);
  if (process.platform === 'darwin') lchmodSync(path, mode);
  else chmodSync(path, mode);
}

/** The gid of a group: a number is a gid, anything else a name in /etc/group. Rejects with OptionsError: starting again does not help. */
export async function resolveGroup(group: string, groupFile = '/etc/group'): Promise<number> {
  if (/^\d+$/.test(group)) return Number(group);
  const text = await readFile(groupFile, 'utf8').catch(() => '');
  const entry = text
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === group);
  const gid = entry?.[2];
  if (gid !== undefined && /^\d+$/.test(gid)) return Number(gid);
  throw new OptionsError(`There is no group "${group}" in ${groupFile}: correct the name, or give the group's number.`);
}
