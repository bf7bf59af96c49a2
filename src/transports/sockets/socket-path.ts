import { randomInt } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { TransportError } from '../../errors.js';
import type { Address } from '../../wire/handshake/address.js';
import { removeNow } from './leftovers.js';
import { SOCKET_DIR_PREFIX } from './socket-dir.js';

/** Bytes of sun_path without the closing NUL: 108 on Linux, 104 on the systems that descend from BSD. */
const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

const NAMES = 2 ** 47;

/** A new path for a socket: `plugin` and digits (go-plugin server.go serverListener_unix). */
export function newSocketPath(directory: string): string {
  return join(directory, `plugin${randomInt(1_000_000_000, NAMES)}`);
}

/** Throws TransportError ERR_SOCKET_PATH_TOO_LONG when a private directory in this one would have no room for a socket's name. */
export function checkSocketRoom(tempDir: string): void {
  checkSocketPath(join(tempDir, `${SOCKET_DIR_PREFIX}XXXXXX`, `plugin${NAMES}`));
}

/** Throws TransportError ERR_SOCKET_PATH_TOO_LONG. Node 20 and 22 would cut the path silently and use another file. */
export function checkSocketPath(path: string): void {
  const length = Buffer.byteLength(path);
  if (length <= MAX_PATH_BYTES) return;
  throw new TransportError(
    'ERR_SOCKET_PATH_TOO_LONG',
    `The path of a unix socket would have ${length} bytes, this system allows ${MAX_PATH_BYTES}: ${path}. ` +
      'Set TMPDIR, or `unixSocket.tempDir` of the host, to a shorter path.',
  );
}

/**
 * Removes what a plugin that was killed left at its address: the socket file, and the directory if it was made for the socket.
 * A path that is no socket is not touched, for it was the plugin that named it. Never throws.
 */
export function removeStaleSocket(address: Address): void {
  if (address.network !== 'unix' || !isSocket(address.address)) return;
  const directory = dirname(address.address);
  const isPrivate = basename(directory).startsWith(SOCKET_DIR_PREFIX);
  removeNow(isPrivate ? { path: address.address, directory } : { path: address.address });
}

function isSocket(path: string): boolean {
  try {
    return lstatSync(path).isSocket();
  } catch {
    return false;
  }
}
