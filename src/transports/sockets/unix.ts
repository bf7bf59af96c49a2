import { errorMessage, TransportError } from '../../errors.js';
import { removeAtExit, removeNow, type SocketPlace } from './exit-cleanup.js';
import { createSocketDir } from './socket-dir.js';
import { giveToGroup } from './socket-group.js';
import { bind, createSocketServer, SocketListener } from './socket-listener.js';
import { checkSocketPath, newSocketPath } from './socket-path.js';

/** Options of `listen` for unix sockets. */
export interface UnixListenOptions {
  /** Existing directory in which the socket is created (PLUGIN_UNIX_SOCKET_DIR). @default a new private directory in `tempDir` */
  readonly socketDir?: string;
  /** Directory in which private directories are created. @default os.tmpdir() */
  readonly tempDir?: string;
  /** Name or number of the group that may connect; the socket's mode is then 0660 (PLUGIN_UNIX_SOCKET_GROUP). */
  readonly socketGroup?: string;
}

/** Names that are tried before listening fails. */
const MAX_ATTEMPTS = 16;

/**
 * Listens on a new unix socket. The file and a private directory are removed when the listener closes or this process exits. Rejects with
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
        `No unix socket could be created in ${directory} (${errorMessage(cause)}): check that the directory exists, is writable, has free space, and is on a file system that supports sockets.`,
        { cause },
      );
    }
  }
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
