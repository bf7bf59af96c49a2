import { readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

/** The name of a private directory of sockets. */
const PRIVATE = /^plugin-dir[A-Za-z0-9]{6}$/;
/** What may be in it besides sockets. */
const OWNER_FILE = 'owner.json';

/**
 * Removes what killed sidecars and plugins have left in a folder: private directories in which every socket refuses connections. Who owned them cannot be
 * asked: it was in another container. What cannot be confirmed stays. Never rejects.
 */
export async function removeStaleSockets(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  await Promise.all(
    names.filter((name) => PRIVATE.test(name)).map((name) => removeIfStale(join(directory, name)).catch(() => {})),
  );
}

async function removeIfStale(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true });
  const sockets = entries.filter((entry) => entry.isSocket());
  if (sockets.length === 0 || entries.some((entry) => !entry.isSocket() && entry.name !== OWNER_FILE)) return;
  const refusals = await Promise.all(sockets.map(({ name }) => refuses(join(directory, name))));
  if (refusals.every(Boolean)) await rm(directory, { recursive: true });
}

function refuses(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}
