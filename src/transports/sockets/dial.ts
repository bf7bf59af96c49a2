import type { NetConnectOpts, Socket } from 'node:net';
import { errorMessage, OptionsError, TransportError } from '../../errors.js';
import { onAbort } from '../../streams/on-abort.js';
import type { Address } from '../../wire/handshake/address.js';
import type { Dialer, DialOptions } from '../transport.js';
import { connectDirect } from './direct-socket.js';
import { checkSocketPath } from './socket-path.js';
import { parseTcpAddress } from './tcp.js';

/** What bounds a dialer. */
export interface DialerOptions {
  /** Bound of each connecting, in milliseconds; both kinds of socket are local, so more than a moment means that nobody accepts. @default 10 000 */
  readonly timeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 10_000;

/** As Go's net.Dialer. */
const KEEP_ALIVE_MS = 15_000;

/** A dialer for one address, unix or tcp. Rejects with TransportError ERR_DIAL, ERR_DIAL_TIMEOUT or ERR_SOCKET_PATH_TOO_LONG. */
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
      // An error after this is followed by `close`; the owner may look at either.
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
    `The plugin could not be reached at ${address.network} ${address.address}: ${reason}. It has gone, or does not listen there.`,
    { cause },
  );
}

function late(address: Address, timeoutMs: number): TransportError {
  return new TransportError(
    'ERR_DIAL_TIMEOUT',
    `The plugin did not accept a connection at ${address.network} ${address.address} within ${timeoutMs} ms: it hangs, or has too many to accept.`,
  );
}
