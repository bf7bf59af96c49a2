import type { Socket } from 'node:net';
import { errorMessage, OptionsError, TransportError } from '../../errors.js';
import { setLoopTimeout } from '../../streams/loop-timeout.js';
import { onAbort } from '../../streams/on-abort.js';
import { type Address, explainAddress } from '../../wire/handshake/address.js';
import { checkOptions } from '../../wire/option-names.js';
import { escapeInvisible } from '../../wire/quote.js';
import type { Dialer, DialOptions } from '../transport.js';
import { connectDirect } from './direct-socket.js';
import { type FoundFile, findNoFollow } from './no-follow.js';
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
  checkOptions('a dialer', options, ['timeoutMs']);
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
  const socket = connectTo(address);
  return await new Promise<Socket>((resolve, reject) => {
    const settle = (error?: Error): void => {
      cancelTimeout();
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
    const cancelTimeout = setLoopTimeout(() => settle(late(address, timeoutMs)), timeoutMs);
    socket.once('connect', onConnect).once('error', onError);
    const unwatch = signal === undefined ? undefined : onAbort(signal, giveUp);
  });
}

function connectTo(address: Address): Socket {
  if (address.network === 'unix') return connectUnix(address);
  const target = parseTcpAddress(address.address);
  return connectDirect({ ...target, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
}

/**
 * Connects to a unix socket, not through a symbolic link: by a link, a user who may write to a shared socket directory could make this process
 * connect to any socket that it may use. A name with `@` is in Linux's abstract namespace, as in Go, where there are no links.
 */
function connectUnix(address: Address): Socket {
  const path = address.address;
  if (process.platform === 'win32')
    throw new TransportError(
      'ERR_DIAL',
      `Node cannot connect to the unix socket ${path} on Windows: let the plugin listen on TCP.`,
    );
  checkSocketPath(path);
  if (isAbstract(path)) return connectDirect({ path: `\0${path.slice(1)}` });
  const file = find(address);
  try {
    if (file.stats.isSymbolicLink()) throw failed(address, new Error('it is a symbolic link, which is not followed'));
    // The system has resolved the path when this returns.
    return connectDirect({ path: file.path });
  } finally {
    file.close();
  }
}

function find(address: Address): FoundFile {
  try {
    return findNoFollow(address.address);
  } catch (cause) {
    throw failed(address, cause);
  }
}

function isAbstract(path: string): boolean {
  return process.platform === 'linux' && path.startsWith('@');
}

function failed(address: Address, cause: unknown): TransportError {
  const reason = escapeInvisible(errorMessage(cause).replace(/\/proc\/self\/fd\/\d+|\0.*$/, address.address));
  const hint =
    explainAddress(address) ?? abstractHint(address) ?? nameHint(cause) ?? 'It has exited, or does not listen there.';
  return new TransportError('ERR_DIAL', `The plugin could not be reached at ${shown(address)}: ${reason}. ${hint}`, {
    cause,
  });
}

/** What a plugin has announced may have characters that nobody sees, and a path with one is another path. */
function shown({ network, address }: Address): string {
  return `${network} ${escapeInvisible(address)}`;
}

function nameHint(cause: unknown): string | undefined {
  if (!(cause instanceof Error) || !('syscall' in cause) || cause.syscall !== 'getaddrinfo') return undefined;
  return 'The name has no address here: check it, and the name service of this machine.';
}

function abstractHint({ network, address }: Address): string | undefined {
  if (network !== 'unix' || !isAbstract(address)) return undefined;
  return 'It has exited, or this version of Node cannot connect to abstract sockets, as Node 20 cannot: let the plugin listen at a path.';
}

function late(address: Address, timeoutMs: number): TransportError {
  return new TransportError(
    'ERR_DIAL_TIMEOUT',
    `The plugin did not accept a connection at ${shown(address)} within ${timeoutMs} ms: it is blocked, or its queue of connections is full.`,
  );
}
