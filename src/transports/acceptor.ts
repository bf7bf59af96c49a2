import type { Duplex } from 'node:stream';
import type { Listener } from './transport.js';

/** Takes the connections of a listener, as an observer of its `connection$` does. */
export interface Acceptor {
  /** Whether it takes no more. */
  readonly closed?: boolean;
  next(connection: Duplex): void;
  error(error: unknown): void;
  complete(): void;
}

/** How a listener hands its connections over without an Observable, for which rxjs would be loaded: a plugin starts without it. */
export const ACCEPT: unique symbol = Symbol('accept');

/** A listener that can be asked for its connections both ways; one acceptor or subscriber at a time. */
export interface DirectListener extends Listener {
  /** Returns what ends the handing over. */
  [ACCEPT](acceptor: Acceptor): () => void;
}

/** Hands a listener's connections over, until what it returns is called. */
export function acceptFrom(listener: Listener | DirectListener, acceptor: Acceptor): () => void {
  if (ACCEPT in listener) return listener[ACCEPT](acceptor);
  const subscription = listener.connection$.subscribe(acceptor);
  return () => subscription.unsubscribe();
}
