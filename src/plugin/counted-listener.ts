import { Subject, tap } from 'rxjs';
import type { Listener } from '../transports/transport.js';
import type { HostConnections } from './host-polls.js';

/** A listener that knows how many of its connections are open. */
export interface CountedListener extends HostConnections {
  readonly listener: Listener;
}

/** Counts the open connections of a listener. */
export function countConnections(listener: Listener): CountedListener {
  let open = 0;
  const closed = new Subject<void>();
  const connection$ = listener.connection$.pipe(
    tap((connection) => {
      open += 1;
      connection.once('close', () => {
        open -= 1;
        closed.next();
      });
    }),
  );
  const counted: Listener = { address: listener.address, connection$, close: () => listener.close() };
  return { listener: counted, connections: () => open, connectionClosed$: closed.asObservable() };
}
