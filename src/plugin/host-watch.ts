import { identify } from '../processes/identity.js';
import { hasExited } from '../processes/running.js';
import { readSystem } from '../processes/system.js';
import type { HandshakeConfig } from '../wire/handshake/handshake-config.js';
import type { HostProcess } from '../wire/handshake/host-process.js';
import { type HostConnections, type Poll, pollForHost } from './host-polls.js';

/** Time without a connection after which a host counts as gone. One that reconnects does so within 10 s, the longest backoff. */
const DISCONNECTED_MS = 60_000;

/** Read when the program is loaded: the host may have exited by the time it serves. */
const parentPid = process.ppid;

export interface HostWatchOptions extends HostConnections {
  /** The host's process, as the host has passed it in the environment. */
  readonly host: HostProcess | undefined;
  readonly handshake: HandshakeConfig;
}

/** A host that has exited. */
export interface HostExit {
  /** Whether the environment of this process is that of the host for certain. */
  readonly isConfirmed: boolean;
}

export interface HostWatch {
  /** Whether the host has exited, looked at now: a process that ends may come before the next poll. Also after `stop`. */
  readonly look: () => HostExit | undefined;
  readonly stop: () => void;
}

/**
 * Calls back once when the host has exited or was killed. Watched is the process that started this one, the wrapper mostly if there is
 * one (`npx`, `bash -c`), and the host's own process, if it runs on the same system. Of a host on another one, in front of a container
 * for instance, the connections are watched: it counts as gone a minute after the last one was closed. Polls as `pollForHost` says.
 */
export function watchHost(options: HostWatchOptions, onExit: (exit: HostExit) => void): HostWatch {
  const { host } = options;
  const where = locate(options);
  const isConfirmed = where === 'here';
  const isDisconnected = where === 'elsewhere' ? disconnection() : () => false;
  const hasHostExited = (): boolean => isConfirmed && host !== undefined && hasExited(host);
  let isGone = false;
  const look = (): boolean => (isGone ||= hasParentExited() || hasHostExited());
  let isStopped = false;
  const stopPolls = pollForHost(options, (poll) => {
    if (look() || isDisconnected(poll)) onGone();
  });
  const stop = (): void => {
    isStopped = true;
    stopPolls();
  };
  const onGone = (): void => {
    if (isStopped) return;
    stop();
    isGone = true;
    onExit({ isConfirmed });
  };
  // On Linux every poll compares start times.
  if (process.platform !== 'linux' && isConfirmed && host !== undefined)
    void hasOtherStartTime(host).then((isOther) => {
      if (isOther) onGone();
    });
  return { look: () => (look() ? { isConfirmed } : undefined), stop };
}

/** Compared once: outside of Linux reading a start time takes a program, too much for every poll. */
async function hasOtherStartTime({ pid, startTime }: HostProcess): Promise<boolean> {
  const found = await identify(pid);
  return found?.startTime !== startTime;
}

/** Whether the process of the host can be watched from here. */
function locate({ host, handshake }: HostWatchOptions): 'here' | 'elsewhere' | 'unknown' {
  const { magicCookieKey, magicCookieValue } = handshake;
  // Another cookie: a host that does not pass itself, such as a Go host, has inherited the variable from an outer one.
  if (host === undefined || host.cookie !== `${magicCookieKey}=${magicCookieValue}`) return 'unknown';
  const { bootId, pidNamespace } = readSystem();
  return bootId === host.bootId && pidNamespace === host.pidNamespace ? 'here' : 'elsewhere';
}

/** An orphan gets another parent on POSIX; on Windows the parent's pid stays. */
function hasParentExited(): boolean {
  return process.ppid !== parentPid || (process.platform === 'win32' && hasExited({ pid: parentPid }));
}

/** A check that is true once there was a connection, and none for a minute of polls: a blocked event loop does not count. */
function disconnection(): (poll: Poll) => boolean {
  let disconnectedMs = 0;
  return ({ isConnected, wasConnected, waitedMs }) => {
    disconnectedMs = wasConnected && !isConnected ? disconnectedMs + waitedMs : 0;
    return disconnectedMs >= DISCONNECTED_MS;
  };
}
