import { tmpdir } from 'node:os';
import { absolutePath } from '../../processes/current-directory.js';
import { createSocketDir } from '../../transports/sockets/socket-dir.js';
import { checkSocketRoom } from '../../transports/sockets/socket-path.js';
import { defaultNetwork } from '../../transports/sockets/socket-transport.js';
import type { UnixListenOptions } from '../../transports/sockets/unix.js';
import type { ResolvedClientOptions } from '../options.js';

/** Where the unix sockets of a plugin and of the host's brokered listeners are. */
export interface PluginSockets {
  readonly where: UnixListenOptions;
  /** Removes the private directory with all sockets in it. Idempotent. */
  remove(): void;
}

/**
 * Makes a private directory for the sockets of one plugin, so that none is left when the plugin is killed (docs/decisions/003); none
 * on systems where plugins listen on TCP. Rejects with TransportError ERR_LISTEN, or ERR_SOCKET_PATH_TOO_LONG when the plugin's own
 * listen would fail with that.
 */
export async function createPluginSockets({ unixSocket, outlivesHost }: ResolvedClientOptions): Promise<PluginSockets> {
  const { group } = unixSocket;
  // Absolute, since the plugin may have another working directory.
  const tempDir = absolutePath(unixSocket.tempDir ?? tmpdir());
  const where = {
    tempDir,
    ...(group === undefined ? {} : { socketGroup: group }),
  };
  if (defaultNetwork() !== 'unix') return { where, remove: () => {} };
  checkSocketRoom(tempDir);
  const directory = await createSocketDir({ ...unixSocket, tempDir, outlivesProcess: outlivesHost });
  return { where: { ...where, socketDir: directory.path }, remove: () => directory.remove() };
}
