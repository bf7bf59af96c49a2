import type { Duplex } from 'node:stream';
import { PluginError, TransportError } from '../../errors.js';
import type { Http2ClientSession, Http2Engine, Http2Options } from '../../transports/http2/engine.js';
import type { Dialer } from '../../transports/transport.js';

/** How a connection is made, and what bounds it. */
export interface OpenSessionOptions {
  readonly dialer: Dialer;
  readonly engine: Http2Engine;
  readonly http2: Http2Options;
  /** From the call to the peer's first SETTINGS. */
  readonly timeoutMs: number;
  /** Gives up; the promise rejects with its reason. */
  readonly signal: AbortSignal;
}

/** `onGoAway` and `onClose` come only for a session that was ready. */
export interface OpenSessionEvents {
  onReady(session: Http2ClientSession): void;
  onGoAway(session: Http2ClientSession): void;
  onClose(session: Http2ClientSession, error: Error | undefined): void;
}

/**
 * Dials and waits until the peer has spoken HTTP/2. Settles within `timeoutMs` even if the dialer never does; a connection that comes
 * too late is destroyed. Rejects with a PluginError, without an `onReady`.
 */
export async function openSession(options: OpenSessionOptions, events: OpenSessionEvents): Promise<void> {
  const bound = new AbortController();
  const abort = () => bound.abort(options.signal.reason);
  options.signal.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => bound.abort(timedOut(options.timeoutMs)), options.timeoutMs);
  try {
    const connection = await dial(options.dialer, bound.signal);
    await speak(connection, options, events, bound.signal);
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

function speak(
  connection: Duplex,
  options: OpenSessionOptions,
  events: OpenSessionEvents,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let ready = false;
    const abort = () => session.destroy(signal.reason as Error);
    const onReady = () => {
      signal.removeEventListener('abort', abort);
      ready = true;
      events.onReady(session);
      resolve();
    };
    const onClose = (error?: Error) => {
      signal.removeEventListener('abort', abort);
      if (ready) events.onClose(session, error);
      else reject(error ?? new TransportError('ERR_CONNECTION_LOST', 'The peer closed the connection at once.'));
    };
    const onGoAway = () => {
      if (ready) events.onGoAway(session);
    };
    const session = options.engine.connect(connection, { onReady, onGoAway, onClose }, options.http2);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}

function timedOut(timeoutMs: number): TransportError {
  return new TransportError('ERR_DIAL_TIMEOUT', `No HTTP/2 connection came about within ${timeoutMs} ms.`);
}

function asDialError(error: unknown): PluginError {
  if (PluginError.is(error)) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new TransportError('ERR_DIAL', `Could not connect: ${text}`, { cause: error });
}
