import { tap } from 'rxjs';
import type { Listener } from '../transports/transport.js';

/** A listener that knows how many of its connections are open. */
export interface CountedListener {
  readonly listener: Listener;
  /** How many accepted connections are open. */
  readonly connections: () => number;
}

/** Counts the open connections of a listener. */
export function countConnections(listener: Listener): CountedListener {
  let open = 0;
  const connection$ = listener.connection$.pipe(
    tap((connection) => {
      open += 1;
      connection.once('close', () => {
        open -= 1;
      });
    }),
  );
  const counted: Listener = { address: listener.address, connection$, close: () => listener.close() };
  return { listener: counted, connections: () => open };
}
