import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { createSocketDir } from '../../transports/sockets/socket-dir.js';
import { checkSocketRoom } from '../../transports/sockets/socket-path.js';
import { defaultNetwork } from '../../transports/sockets/sockets.js';
import type { UnixListenOptions } from '../../transports/sockets/unix.js';
import type { ResolvedClientOptions } from '../options.js';

/** Where the unix sockets of a plugin and of its host's end are. */
export interface PluginSockets {
  readonly where: UnixListenOptions;
  /** Removes the directory with all that is in it. Idempotent. */
  remove(): void;
}

/**
 * A directory of its own for the sockets of one plugin, so that none is left when it is killed (docs/decisions/003); none where sockets
 * are TCP. Rejects with TransportError ERR_LISTEN, or ERR_SOCKET_PATH_TOO_LONG before there is a plugin that could fail with it.
 */
export async function createPluginSockets({ unixSocket, outlivesHost }: ResolvedClientOptions): Promise<PluginSockets> {
  const { group } = unixSocket;
  // Absolute, for a plugin with another working directory.
  const tempDir = resolve(unixSocket.tempDir ?? tmpdir());
  const where = {
    tempDir,
    ...(group === undefined ? {} : { socketGroup: group }),
  };
  if (defaultNetwork() !== 'unix') return { where, remove: () => {} };
  checkSocketRoom(tempDir);
  const directory = await createSocketDir({ ...unixSocket, tempDir, outlivesProcess: outlivesHost });
  return { where: { ...where, socketDir: directory.path }, remove: () => directory.remove() };
}
