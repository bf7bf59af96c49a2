import { TransportError } from '../../errors.js';
import { removeAtExit, removeNow, type SocketPlace } from './leftovers.js';
import { createSocketDir, reasonOf } from './socket-dir.js';
import { giveToGroup } from './socket-group.js';
import { bind, createSocketServer, SocketListener } from './socket-listener.js';
import { checkSocketPath, newSocketPath } from './socket-path.js';

/** Where a unix socket goes, and who may connect. */
export interface UnixListenOptions {
  /** Existing directory that the socket goes into (PLUGIN_UNIX_SOCKET_DIR). @default a private one of its own below `tempDir` */
  readonly socketDir?: string;
  /** Where a private directory is made. @default os.tmpdir() */
  readonly tempDir?: string;
  /** Name or number of the group that may connect; the socket's mode is then 0660 (PLUGIN_UNIX_SOCKET_GROUP). */
  readonly socketGroup?: string;
}

/** Names that are tried before giving up. */
const MAX_ATTEMPTS = 16;

/**
 * Listens on a new unix socket. File and private directory go when the listener closes or this process exits. Rejects with
 * TransportError ERR_LISTEN or ERR_SOCKET_PATH_TOO_LONG.
 */
export async function listenUnix(options: UnixListenOptions = {}): Promise<SocketListener> {
  if (options.socketDir !== undefined) return await listenIn(options.socketDir, options.socketGroup);
  const directory = await createSocketDir({
    ...(options.tempDir === undefined ? {} : { tempDir: options.tempDir }),
    ...(options.socketGroup === undefined ? {} : { group: options.socketGroup }),
  });
  try {
    return await listenIn(directory.path, options.socketGroup, () => directory.remove());
  } catch (error) {
    directory.remove();
    throw error;
  }
}

async function listenIn(directory: string, group: string | undefined, onClosed?: () => void): Promise<SocketListener> {
  const server = createSocketServer();
  const path = await bindNew(directory, server);
  const place: SocketPlace = { path };
  removeAtExit(place);
  const listener = new SocketListener(
    server,
    { network: 'unix', address: path },
    {
      onClosed: () => {
        removeNow(place);
        onClosed?.();
      },
    },
  );
  try {
    if (group !== undefined) await giveToGroup(path, group, 0o660);
  } catch (error) {
    await listener.close();
    throw error;
  }
  return listener;
}

async function bindNew(directory: string, server: Parameters<typeof bind>[0]): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const path = newSocketPath(directory);
    checkSocketPath(path);
    try {
      await bind(server, { path });
      return path;
    } catch (cause) {
      if (isInUse(cause) && attempt < MAX_ATTEMPTS) continue;
      throw new TransportError(
        'ERR_LISTEN',
        `No unix socket could be made in ${directory} (${reasonOf(cause)}): check that the directory exists, is writable, has room, and is on a file system that has sockets.`,
        { cause },
      );
    }
  }
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
