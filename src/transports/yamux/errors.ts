import { errorMessage, PluginCallError, PluginError, ProtocolError, TransportError } from '../../errors.js';
import { YamuxGoAway } from '../../wire/yamux/header.js';

/** The errors that end a session, or refuse new streams. */

export function connectionBroke(error: unknown): PluginError {
  const text = errorMessage(error);
  return new TransportError('ERR_CONNECTION_LOST', `The connection under the yamux session broke: ${text}`, {
    cause: error,
  });
}

export function connectionEnded(atBoundary: boolean): TransportError {
  return new TransportError(
    'ERR_CONNECTION_LOST',
    atBoundary
      ? 'The peer closed the connection under the yamux session: its process ended, it closed the session, or it received a frame that it does not allow.'
      : 'The peer closed the connection under the yamux session in the middle of a frame: its process probably died.',
  );
}

export function writeStalled(timeoutMs: number): TransportError {
  return new TransportError(
    'ERR_CONNECTION_LOST',
    `The connection under the yamux session took no bytes for ${timeoutMs} ms: the peer is stopped or blocked.`,
    { cause: unanswered(timeoutMs) },
  );
}

export function keepAliveFailed(timeoutMs: number, error: unknown): TransportError {
  return new TransportError(
    'ERR_CONNECTION_LOST',
    `The peer did not answer the yamux session's keepalive ping within ${timeoutMs} ms: it is stopped, blocked or gone.`,
    { cause: error },
  );
}

export function streamUnacknowledged(id: number, timeoutMs: number): TransportError {
  return new TransportError(
    'ERR_CONNECTION_LOST',
    `The peer did not accept yamux stream ${id} within ${timeoutMs} ms; the session was closed, as Go does it.`,
    { cause: unanswered(timeoutMs) },
  );
}

/** The cause by which a host knows that it has ended the connection itself. */
function unanswered(timeoutMs: number): PluginCallError {
  return new PluginCallError('ERR_TIMEOUT', `The peer did not answer within ${timeoutMs} ms.`);
}

export function peerFlooded(): ProtocolError {
  return new ProtocolError(
    'ERR_LIMIT_EXCEEDED',
    'The peer of the yamux session does not read the answers to its pings and refused streams: too many of them are queued.',
    { wireCode: YamuxGoAway.protocolError },
  );
}

export function peerWentAway(code: number): TransportError {
  const known = Object.entries(YamuxGoAway).find(([, value]) => value === code);
  const name = known === undefined ? 'unknown' : known[0];
  return new TransportError(
    'ERR_CONNECTION_LOST',
    `The peer ended the yamux session with go-away code ${code} (${name}).`,
  );
}

export function peerTakesNoStreams(): TransportError {
  return new TransportError(
    'ERR_DIAL',
    'The peer of the yamux session sent go-away: it takes no new streams. Connect again.',
  );
}
