import { join } from 'node:path';
import { TransportError } from '../../errors.js';
import { SOCKET_DIR_PREFIX } from './sweep.js';

/** Size of sun_path without the final NUL: 108 bytes on Linux, 104 on BSD and macOS. */
const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

const FIRST_NAME = 1_000_000_000;
const NAMES = 2 ** 47;

/**
 * A new path for a socket: `plugin` and digits (go-plugin server.go serverListener_unix). The name is to be new, not secret: the directory is
 * private. `node:crypto` would take 3 ms to load.
 */
export function newSocketPath(directory: string): string {
  return join(directory, `plugin${Math.floor(FIRST_NAME + Math.random() * (NAMES - FIRST_NAME))}`);
}

/** Throws TransportError ERR_SOCKET_PATH_TOO_LONG if the path of a socket in a private directory in `tempDir` would be too long. */
export function checkSocketRoom(tempDir: string): void {
  checkSocketPath(join(tempDir, `${SOCKET_DIR_PREFIX}XXXXXX`, `plugin${NAMES}`));
}

/** Throws TransportError ERR_SOCKET_PATH_TOO_LONG. Node 20 and 22 truncate such a path silently and use another file. */
export function checkSocketPath(path: string): void {
  const length = Buffer.byteLength(path);
  if (length <= MAX_PATH_BYTES) return;
  throw new TransportError(
    'ERR_SOCKET_PATH_TOO_LONG',
    `The path of a unix socket would have ${length} bytes, this system allows ${MAX_PATH_BYTES}: ${path}. ` +
      'Set TMPDIR, or `unixSocket.tempDir` of the host, to a shorter path.',
  );
}
