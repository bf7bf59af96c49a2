import type { Duplex } from 'node:stream';
import { errorMessage, PluginError, TransportError } from '../../../errors.js';
import type { Dialer } from '../../../transports/transport.js';
import type { ChannelConnection, ChannelEngine } from './channel-engine.js';

/** How a connection is made, and what bounds it. */
export interface OpenConnectionOptions {
  readonly dialer: Dialer;
  /** From the call to the peer's first SETTINGS. */
  readonly timeoutMs: number;
  /** Gives up; the promise rejects with its reason. */
  readonly signal: AbortSignal;
}

/** `onGoAway` and `onClose` come only for a connection that was ready. */
export interface OpenConnectionEvents<Connection> {
  onReady(connection: Connection): void;
  onGoAway(connection: Connection): void;
  onClose(connection: Connection): void;
}

/**
 * Dials and waits until the peer has spoken HTTP/2. Settles within `timeoutMs` even if the dialer never does; a connection that comes
 * too late is destroyed. Rejects with a PluginError, without an `onReady`.
 */
export async function openConnection<Connection extends ChannelConnection>(
  engine: ChannelEngine<Connection>,
  options: OpenConnectionOptions,
  events: OpenConnectionEvents<Connection>,
): Promise<void> {
  const bound = new AbortController();
  const abort = () => bound.abort(options.signal.reason);
  options.signal.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => bound.abort(timedOut(options.timeoutMs)), options.timeoutMs);
  try {
    const dialed = await dial(options.dialer, bound.signal);
    // It will not say so again.
    if (dialed.closed) throw new TransportError('ERR_CONNECTION_LOST', 'The dialed connection is closed already.');
    await speak(engine, dialed, events, bound.signal);
  } catch (error) {
    throw asDialError(error);
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', abort);
  }
}

function dial(dialer: Dialer, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const give = (connection: Duplex) => {
      signal.removeEventListener('abort', abort);
      if (signal.aborted) discard(connection);
      else resolve(connection);
    };
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    dialer.dial({ signal }).then(give, reject);
  });
}

function discard(connection: Duplex): void {
  connection.on('error', () => {});
  connection.destroy();
}

function speak<Connection extends ChannelConnection>(
  engine: ChannelEngine<Connection>,
  dialed: Duplex,
  events: OpenConnectionEvents<Connection>,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let ready = false;
    const abort = () => connection.destroy(signal.reason as Error);
    const onReady = () => {
      signal.removeEventListener('abort', abort);
      ready = true;
      events.onReady(connection);
      resolve();
    };
    const onClose = (error?: Error) => {
      signal.removeEventListener('abort', abort);
      if (ready) events.onClose(connection);
      else reject(error ?? new TransportError('ERR_CONNECTION_LOST', 'The peer closed the connection at once.'));
    };
    const onGoAway = () => {
      if (ready) events.onGoAway(connection);
    };
    const connection = engine.begin(dialed, { onReady, onGoAway, onClose });
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}

function timedOut(timeoutMs: number): TransportError {
  return new TransportError('ERR_DIAL_TIMEOUT', `No HTTP/2 connection came about within ${timeoutMs} ms.`);
}

function asDialError(error: unknown): PluginError {
  if (PluginError.is(error)) return error;
  const text = errorMessage(error);
  return new TransportError('ERR_DIAL', `Could not connect: ${text}`, { cause: error });
}
