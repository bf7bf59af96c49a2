/** The first poll after the end of a connection; each later one takes twice as long, up to POLL_MS. */
const FIRST_POLL_MS = 20;
const POLL_MS = 1000;

/** After this time without another end, a connection that is open tells by its end when the host has exited. */
const SETTLED_MS = 10_000;
const SETTLED_POLL_MS = 10_000;

export interface HostConnections {
  /** How many connections of the host are open. */
  readonly connections: () => number;
  /** Calls back whenever one has closed, until what it returns is called. */
  readonly onConnectionClosed: (callback: () => void) => () => void;
}

export interface Poll {
  /** Time that was waited since the last poll. */
  readonly waitedMs: number;
  readonly isConnected: boolean;
  /** Whether it is, or was before; also between two polls. */
  readonly wasConnected: boolean;
}

/**
 * Calls back when to look whether the host is still there. The system closes the connections of a process that is killed, at once, so that an idle
 * plugin need not be woken for it: there is a poll soon after a connection was closed, every second as long as there is none, and otherwise
 * every 10 s, for what has no connection, such as a wrapper. Until what it returns is called; does not keep the process alive.
 */
export function pollForHost(
  { connections, onConnectionClosed }: HostConnections,
  onPoll: (poll: Poll) => void,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let unsettledMs = POLL_MS;
  let wasConnected = false;
  let isStopped = false;
  const wait = (): void => {
    const isSettled = connections() > 0 && unsettledMs >= SETTLED_MS;
    const waitedMs = isSettled ? SETTLED_POLL_MS : Math.min(POLL_MS, Math.max(FIRST_POLL_MS, unsettledMs));
    timer = setTimeout(() => {
      unsettledMs += waitedMs;
      const isConnected = connections() > 0;
      wasConnected ||= isConnected;
      onPoll({ waitedMs, isConnected, wasConnected });
      if (!isStopped) wait();
    }, waitedMs).unref();
  };
  const unwatch = onConnectionClosed(() => {
    clearTimeout(timer);
    unsettledMs = 0;
    wasConnected = true;
    wait();
  });
  wait();
  return () => {
    isStopped = true;
    unwatch();
    clearTimeout(timer);
  };
}
