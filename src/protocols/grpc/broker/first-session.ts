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
import type { YamuxOptions } from '../../../transports/yamux/options.js';
import { createYamuxSession, type YamuxSession } from '../../../transports/yamux/session.js';

/**
 * Accepts the host's connection, the first one that sends a byte, and closes the listener. go-plugin takes the very first connection,
 * so that a probe of the socket, which sends nothing, makes the plugin exit (grpcmux/grpc_server_muxer.go acceptSession). Owns the
 * listener. Rejects with TransportError ERR_CONNECTION_LOST when no host connects in time, ClosedError when the listener is closed.
 */
export async function firstSession(
  listener: Listener,
  timeoutMs: number,
  yamux: YamuxOptions = {},
): Promise<YamuxSession> {
  try {
    const connection$ = listener.connection$.pipe(
      mergeMap((connection) => onceReadable(connection)),
      timeout({ first: timeoutMs, with: () => throwError(() => noHost(timeoutMs)) }),
      throwIfEmpty(() => new ClosedError('ERR_CLOSED', 'The plugin was closed before its host had connected.')),
    );
    return createYamuxSession(await firstValueFrom(connection$), { ...yamux, role: 'server' });
  } finally {
    await listener.close();
  }
}

/** Emits the connection when it has its first bytes, which stay unread. Destroys one that ends before, or on unsubscription. */
function onceReadable(connection: Duplex): Observable<Duplex> {
  return defer(() => {
    let emitted = false;
    return fromEvent(connection, 'readable').pipe(
      // 'readable' is emitted at the end of the stream, too.
      take(1),
      filter(() => connection.readableLength > 0),
      map(() => {
        emitted = true;
        return connection;
      }),
      takeUntil(fromEvent(connection, 'close')),
      finalize(() => {
        if (!emitted) connection.destroy();
      }),
    );
  });
}

function noHost(timeoutMs: number): TransportError {
  return new TransportError(
    'ERR_CONNECTION_LOST',
    `No host connected within ${timeoutMs} ms, and a plugin that multiplexes accepts a single connection.`,
  );
}
