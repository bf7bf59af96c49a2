import { tmpdir } from 'node:os';
import { absolutePath } from '../../processes/current-directory.js';
import { readSystem } from '../../processes/system.js';
import { describeThisProcessNow, type ProcessDescription } from '../../processes/this-process.js';
import type { AttachedRunner } from '../../runners/runner.js';
import { createSocketDir } from '../../transports/sockets/socket-dir.js';
import { checkSocketRoom } from '../../transports/sockets/socket-path.js';
import { defaultNetwork } from '../../transports/sockets/socket-transport.js';
import { sweepSocketDirs } from '../../transports/sockets/sweep.js';
import type { UnixListenOptions } from '../../transports/sockets/unix.js';
import type { ResolvedClientOptions } from '../options.js';

/** Where the unix sockets of a plugin and of the host's brokered listeners are. */
export interface PluginSockets {
  readonly where: UnixListenOptions;
  /**
   * Notes who uses the sockets besides this process, or in place of it, once the plugin runs: a later start removes what all of them have
   * left. Never rejects.
   */
  noteOwners(runner: AttachedRunner): Promise<void>;
  /** Begins to remove what killed hosts and plugins have left where this directory is. */
  sweep(): void;
  /** Ends a sweep that goes on. Resolves when nothing of it is open any more. Never rejects. */
  endSweep(): Promise<void>;
  /** Removes the private directory with all sockets in it. Idempotent. */
  remove(): void;
}

/** A host that starts many plugins looks for what others have left once a second. */
const SWEEP_PAUSE_MS = 1000;

/**
 * Makes a private directory for the sockets of one plugin, so that none is left when the plugin is killed (docs/decisions/003); none
 * on systems where plugins listen on TCP. Rejects with TransportError ERR_LISTEN, or ERR_SOCKET_PATH_TOO_LONG when the plugin's own
 * listen would fail with that.
 */
export async function createPluginSockets({ unixSocket, outlivesHost }: ResolvedClientOptions): Promise<PluginSockets> {
  const where = whereOf(unixSocket);
  const { tempDir } = where;
  if (defaultNetwork() !== 'unix') return { ...NO_SOCKETS, where };
  checkSocketRoom(tempDir);
  const sweepEnded = new AbortController();
  let sweeping: Promise<void> | undefined;
  const directory = await createSocketDir({ ...unixSocket, tempDir, outlivesProcess: outlivesHost });
  return {
    where: { ...where, socketDir: directory.path },
    noteOwners: async (runner) => directory.noteOwners(await ownersOf(runner, outlivesHost)),
    sweep: () => {
      sweeping = sweepSocketDirs(sweepEnded.signal, tempDir, { pauseMs: SWEEP_PAUSE_MS });
    },
    endSweep: async () => {
      // Its reason is not read, and the default one is an error with a stack.
      sweepEnded.abort(null);
      await sweeping;
    },
    remove: () => directory.remove(),
  };
}

/**
 * For a plugin that another process has started, and whose own socket is elsewhere: a brokered listener makes a private directory when there
 * is one, so that a host without brokers need not be able to write there.
 */
export function socketsOfAttached({ unixSocket }: ResolvedClientOptions): PluginSockets {
  return { ...NO_SOCKETS, where: whereOf(unixSocket) };
}

function whereOf({ tempDir, group }: ResolvedClientOptions['unixSocket']) {
  return {
    // Absolute, since the plugin may have another working directory.
    tempDir: absolutePath(tempDir ?? tmpdir()),
    ...(group === undefined ? {} : { socketGroup: group }),
  };
}

/** Empty for a plugin that is no process of this machine, such as one in a container: nobody can tell when it has ended. */
async function ownersOf(runner: AttachedRunner, outlivesHost: boolean): Promise<readonly ProcessDescription[]> {
  try {
    const identity = await runner.processIdentity?.();
    if (identity === undefined) return [];
    const plugin = { ...identity, ...readSystem() };
    return outlivesHost ? [plugin] : [describeThisProcessNow(), plugin];
  } catch {
    return [];
  }
}

const nothing = (): Promise<void> => Promise.resolve();

/** For a plugin that shares no sockets with this host. */
export const NO_SOCKETS: PluginSockets = {
  where: {},
  noteOwners: nothing,
  sweep: () => {},
  endSweep: nothing,
  remove: () => {},
};
