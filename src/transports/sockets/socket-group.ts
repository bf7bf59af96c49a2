import { chmod, chown, readFile } from 'node:fs/promises';
import { TransportError } from '../../errors.js';

/** Gives a file to a group, by name or number, and then sets its mode (go-plugin server.go setGroupWritable). */
export async function giveToGroup(path: string, group: string, mode: number): Promise<void> {
  const gid = await resolveGroup(group);
  try {
    await chown(path, -1, gid);
    await chmod(path, mode);
  } catch (cause) {
    throw new TransportError(
      'ERR_LISTEN',
      `${path} could not be given to the group ${group}: a user can give files only to groups that he belongs to.`,
      { cause },
    );
  }
}

/** The gid of a group: a number is a gid, anything else a name in /etc/group. Rejects with TransportError ERR_LISTEN. */
export async function resolveGroup(group: string, groupFile = '/etc/group'): Promise<number> {
  if (/^\d+$/.test(group)) return Number(group);
  const text = await readFile(groupFile, 'utf8').catch(() => '');
  const entry = text
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === group);
  const gid = entry?.[2];
  if (gid !== undefined && /^\d+$/.test(gid)) return Number(gid);
  throw new TransportError(
    'ERR_LISTEN',
    `There is no group "${group}" in ${groupFile}: correct the name, or give the group's number.`,
  );
}
