import type { Duplex } from 'node:stream';
import {
  defer,
  filter,
  finalize,
  firstValueFrom,
  fromEvent,
  map,
  mergeMap,
  type Observable,
  take,
  takeUntil,
  throwError,
  throwIfEmpty,
  timeout,
} from 'rxjs';
import { ClosedError, TransportError } from '../../../errors.js';
import type { Listener } from '../../../transports/transport.js';
import { createYamuxSession, type YamuxSession } from '../../../transports/yamux/session.js';

/**
 * The session with the host, over the first connection that says something; then nobody else is let in. go-plugin takes the very
 * first connection, so that a mere look at the socket ends the plugin (grpcmux/grpc_server_muxer.go acceptSession). Owns the
 * listener. Rejects with TransportError ERR_CONNECTION_LOST when no host comes in time, ClosedError when the listener is closed.
 */
export async function firstSession(listener: Listener, timeoutMs: number): Promise<YamuxSession> {
  try {
    const connection$ = listener.connection$.pipe(
      mergeMap((connection) => onceItSpeaks(connection)),
      timeout({ first: timeoutMs, with: () => throwError(() => noHost(timeoutMs)) }),
      throwIfEmpty(() => new ClosedError('ERR_CLOSED', 'The plugin was closed before its host had connected.')),
    );
    return createYamuxSession(await firstValueFrom(connection$), { role: 'server' });
  } finally {
    await listener.close();
  }
}

/** Emits the connection when its first bytes are there, unread. Destroys one that ends before, or is not waited for any more. */
function onceItSpeaks(connection: Duplex): Observable<Duplex> {
  return defer(() => {
    let spoke = false;
    return fromEvent(connection, 'readable').pipe(
      // The end makes it readable too.
      take(1),
      filter(() => connection.readableLength > 0),
      map(() => {
        spoke = true;
        return connection;
      }),
      takeUntil(fromEvent(connection, 'close')),
      finalize(() => {
        if (!spoke) connection.destroy();
      }),
    );
  });
}

function noHost(timeoutMs: number): TransportError {
  return new TransportError(
    'ERR_CONNECTION_LOST',
    `No host connected within ${timeoutMs} ms, and a multiplexed plugin has but one connection.`,
  );
}
