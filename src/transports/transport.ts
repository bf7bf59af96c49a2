import type { Duplex } from 'node:stream';
import type { Observable } from 'rxjs';
import type { Address } from '../wire/handshake/address.js';

/** Options of one attempt to connect. */
export interface DialOptions {
  /** Aborts the attempt, which rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Opens connections to one peer. */
export interface Dialer {
  /** Resolves with a connected Duplex, which belongs to the caller. */
  dial(options?: DialOptions): Promise<Duplex>;
}

/** Accepts connections at one address. A unix socket's file belongs to its listener. */
export interface Listener {
  readonly address: Address;
  /**
   * Accepted connections, hot, for one subscriber at a time, to whom each Duplex belongs. A limited number of connections waits for a
   * subscriber. Completes when the listener has closed; errors with TransportError ERR_LISTEN when the listener itself fails.
   */
  readonly connection$: Observable<Duplex>;
  /**
   * Stops accepting, closes connections that still wait for a subscriber, and removes the socket file. Idempotent. Resolves while accepted
   * connections are open: they belong to the subscriber.
   */
  close(): Promise<void>;
  /** Lets the listener keep the event loop alive, as it does from the start until `unref`. */
  ref?(): void;
  unref?(): void;
}

/** How two processes connect. */
export interface Transport {
  /** Listens at an address of the transport's choice. */
  listen(): Promise<Listener>;
  /** Resolves with a connected Duplex, which belongs to the caller. */
  dial(address: Address, options?: DialOptions): Promise<Duplex>;
}
