import type { Duplex } from 'node:stream';
import { errorMessage, PluginError, TransportError } from '../../../errors.js';
import { setLoopTimeout } from '../../../streams/loop-timeout.js';
import type {
  HeaderList,
  Http2ClientSession,
  Http2SessionEvents,
  Http2Stream,
  Http2StreamEvents,
} from '../../../transports/http2/interfaces.js';
import type { Dialer } from '../../../transports/transport.js';

/** What a call needs of its stream. */
export type ClientStream = Pick<Http2Stream, 'write' | 'end' | 'reset' | 'consume'>;

type SessionMembers = 'usable' | 'peerMaxHeaderListBytes' | 'destroy' | 'ref' | 'unref';

/** What a channel needs of an HTTP/2 session. The engine of grpc-js gives its own channels this form. */
export interface ChannelSession extends Pick<Http2ClientSession, SessionMembers> {
  open(headers: HeaderList, events: Http2StreamEvents): ClientStream;
  /** A number that changes when something was received. Undefined where that is not known. */
  readonly received?: number;
  /** Takes no more streams, and fails those that are open unless the peer answers a PING. */
  leave?(): void;
}

/** Starts HTTP/2 over a dialed connection, which the session owns from here on. */
export type StartSession = (dialed: Duplex, events: Http2SessionEvents) => ChannelSession;

/** How a connection is made, and what bounds it. */
export interface DialSessionOptions {
  readonly dialer: Dialer;
  readonly start: StartSession;
  /** From the call to the peer's first SETTINGS. */
  readonly timeoutMs: number;
  /** Aborts the attempt, also when its time is over; the promise rejects with the signal's reason. */
  readonly abort: AbortController;
}

/** `onGoAway` and `onClose` come only for a session that was ready. */
export interface SessionEvents {
  onReady(session: ChannelSession): void;
  onGoAway(session: ChannelSession): void;
  onClose(session: ChannelSession): void;
}

/**
 * Dials and waits for the peer's SETTINGS. Settles within `timeoutMs` even if the dialer never does; a connection that comes too late is
 * destroyed. Rejects with a PluginError, without an `onReady`.
 */
export async function dialSession(
  { dialer, start, timeoutMs, abort }: DialSessionOptions,
  events: SessionEvents,
): Promise<void> {
  const cancelTimeout = setLoopTimeout(() => abort.abort(timedOut(timeoutMs)), timeoutMs);
  try {
    const dialed = await dial(dialer, abort.signal);
    // 'close' is not emitted again.
    if (dialed.closed) throw new TransportError('ERR_CONNECTION_LOST', 'The dialed connection is closed already.');
    await waitUntilReady(dialed, start, events, abort.signal);
  } catch (error) {
    throw asDialError(error);
  } finally {
    cancelTimeout();
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

function waitUntilReady(
  dialed: Duplex,
  start: StartSession,
  events: SessionEvents,
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
      if (ready) events.onClose(session);
      else reject(error ?? new TransportError('ERR_CONNECTION_LOST', 'The peer closed the connection at once.'));
    };
    const onGoAway = () => {
      if (ready) events.onGoAway(session);
    };
    const session = start(dialed, { onReady, onGoAway, onClose });
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}

function timedOut(timeoutMs: number): TransportError {
  return new TransportError('ERR_DIAL_TIMEOUT', `There was no HTTP/2 connection within ${timeoutMs} ms.`);
}

function asDialError(error: unknown): PluginError {
  if (PluginError.is(error)) return error;
  return new TransportError('ERR_DIAL', `Could not connect: ${errorMessage(error)}`, { cause: error });
}
