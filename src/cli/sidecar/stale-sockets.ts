import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { connectionFailure } from './connection-failure.js';

/** The name of a private directory of sockets. */
const PRIVATE = /^plugin-dir[A-Za-z0-9]{6}$/;
/** The name of a socket in TMPDIR, of a plugin of go-plugin before 1.5.0 (server.go serverListener_unix). */
const IN_TMPDIR = /^plugin\d+$/;
/** What may be in it besides sockets. */
const OWNER_FILE = 'owner.json';

/**
 * Removes what killed sidecars and plugins have left in a folder: sockets that refuse connections, and private directories in which every socket does. Who
 * owned them cannot be asked: it was in another container. What cannot be confirmed stays. Never rejects.
 */
export async function removeStaleSockets(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  const pathsOf = (kind: RegExp): string[] =>
    names.filter((name) => kind.test(name)).map((name) => join(directory, name));
  const removals = [...pathsOf(PRIVATE).map(removeIfStale), ...pathsOf(IN_TMPDIR).map(removeIfRefused)];
  await Promise.all(removals.map((removal) => removal.catch(() => {})));
}

async function removeIfRefused(path: string): Promise<void> {
  if ((await lstat(path)).isSocket() && (await isRefused(path))) await rm(path);
}

async function removeIfStale(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true });
  const sockets = entries.filter((entry) => entry.isSocket());
  if (sockets.length === 0 || entries.some((entry) => !entry.isSocket() && entry.name !== OWNER_FILE)) return;
  const refusals = await Promise.all(sockets.map(({ name }) => isRefused(join(directory, name))));
  if (refusals.every(Boolean)) await rm(directory, { recursive: true });
}

async function isRefused(path: string): Promise<boolean> {
  return (await connectionFailure(path)) === 'ECONNREFUSED';
}
