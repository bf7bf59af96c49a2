import type { NetConnectOpts, Socket } from 'node:net';
import { errorMessage, OptionsError, TransportError } from '../../errors.js';
import { onAbort } from '../../streams/on-abort.js';
import type { Address } from '../../wire/handshake/address.js';
import type { Dialer, DialOptions } from '../transport.js';
import { connectDirect } from './direct-socket.js';
import { checkSocketPath } from './socket-path.js';
import { parseTcpAddress } from './tcp.js';

/** Options of `dialerTo`. */
export interface DialerOptions {
  /** Time limit of each attempt, in milliseconds. The sockets are local, so an attempt that takes longer is not going to be accepted. @default 10 000 */
  readonly timeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 10_000;

/** TCP keep-alive delay, as of Go's net.Dialer. */
const KEEP_ALIVE_MS = 15_000;

/**
 * A dialer for one unix or TCP address. `dial` rejects with TransportError ERR_DIAL, ERR_DIAL_TIMEOUT or ERR_SOCKET_PATH_TOO_LONG, or
 * with the signal's reason. Throws OptionsError for an invalid time limit.
 *
 * @example
 * const socket = await dialerTo({ network: 'unix', address: '/tmp/plugin1/s' }).dial({ signal: AbortSignal.timeout(1000) });
 */
export function dialerTo(address: Address, options: DialerOptions = {}): Dialer {
  const { timeoutMs = CONNECT_TIMEOUT_MS } = options;
  if (!Number.isFinite(timeoutMs) || timeoutMs <= 0) {
    throw new OptionsError(
      `Expected the \`timeoutMs\` option to be a positive number, got \`${timeoutMs}\` (${typeof timeoutMs}).`,
    );
  }
  return { dial: (dialOptions) => dial(address, timeoutMs, dialOptions) };
}

async function dial(address: Address, timeoutMs: number, { signal }: DialOptions = {}): Promise<Socket> {
  signal?.throwIfAborted();
  const target = targetOf(address);
  return await new Promise<Socket>((resolve, reject) => {
    const socket = connectDirect(target);
    const settle = (error?: Error): void => {
      clearTimeout(timer);
      unwatch?.();
      socket.off('error', onError).off('connect', onConnect);
      // A later error is followed by `close`, so that the owner need not listen to both.
      socket.on('error', () => {});
      if (error === undefined) return resolve(socket);
      socket.destroy();
      reject(error);
    };
    const onConnect = (): void => settle();
    const onError = (cause: Error): void => settle(failed(address, cause));
    const giveUp = (): void =>
      settle(signal?.reason instanceof Error ? signal.reason : failed(address, signal?.reason));
    const timer = setTimeout(() => settle(late(address, timeoutMs)), timeoutMs);
    socket.once('connect', onConnect).once('error', onError);
    const unwatch = signal === undefined ? undefined : onAbort(signal, giveUp);
  });
}

function targetOf(address: Address): NetConnectOpts {
  if (address.network === 'tcp') {
    return {
      ...parseTcpAddress(address.address),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    };
  }
  if (process.platform === 'win32') {
    throw new TransportError(
      'ERR_DIAL',
      `Node cannot connect to the unix socket ${address.address} on Windows: let the plugin listen on TCP.`,
    );
  }
  checkSocketPath(address.address);
  return { path: address.address };
}

function failed(address: Address, cause: unknown): TransportError {
  const reason = errorMessage(cause);
  return new TransportError(
    'ERR_DIAL',
    `The plugin could not be reached at ${address.network} ${address.address}: ${reason}. It has exited, or does not listen there.`,
    { cause },
  );
}

function late(address: Address, timeoutMs: number): TransportError {
  return new TransportError(
    'ERR_DIAL_TIMEOUT',
    `The plugin did not accept a connection at ${address.network} ${address.address} within ${timeoutMs} ms: it is blocked, or its queue of connections is full.`,
  );
}
