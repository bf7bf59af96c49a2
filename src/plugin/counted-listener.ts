import type { Duplex } from 'node:stream';
import { tap } from 'rxjs';
import { ACCEPT, acceptFrom, type DirectListener } from '../transports/acceptor.js';
import type { Listener } from '../transports/transport.js';
import type { HostConnections } from './host-polls.js';

/** A listener that knows how many of its connections are open. */
export interface CountedListener extends HostConnections {
  readonly listener: Listener;
}

/** Counts the open connections of a listener. */
export function countConnections(listener: Listener): CountedListener {
  let open = 0;
  const callbacks = new Set<() => void>();
  const count = (connection: Duplex): void => {
    open += 1;
    connection.once('close', () => {
      open -= 1;
      for (const callback of callbacks) callback();
    });
  };
  const counted: DirectListener = {
    address: listener.address,
    get connection$() {
      return listener.connection$.pipe(tap(count));
    },
    [ACCEPT]: (acceptor) =>
      acceptFrom(listener, {
        next: (connection) => {
          count(connection);
          acceptor.next(connection);
        },
        error: (error) => acceptor.error(error),
        complete: () => acceptor.complete(),
      }),
    close: () => listener.close(),
  };
  const onConnectionClosed = (callback: () => void): (() => void) => {
    callbacks.add(callback);
    return () => void callbacks.delete(callback);
  };
  return { listener: counted, connections: () => open, onConnectionClosed };
}
