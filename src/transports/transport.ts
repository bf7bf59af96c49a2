import type { Duplex } from 'node:stream';
import type { Observable } from 'rxjs';
import type { Address } from '../wire/handshake/address.js';

/** What bounds one attempt to connect. */
export interface DialOptions {
  /** Gives up, destroys the half-made connection and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Opens connections to one peer. Each resolved Duplex is connected and belongs to the caller. */
export interface Dialer {
  dial(options?: DialOptions): Promise<Duplex>;
}

/** A bound listener. Owns its socket; a unix socket's file goes with it. */
export interface Listener {
  readonly address: Address;
  /**
   * Incoming connections, hot, for one subscriber. Connections that come before it subscribes wait, within a bound; each emitted
   * Duplex belongs to the subscriber. Completes when the listener has closed; errors only when the listener itself broke.
   */
  readonly connection$: Observable<Duplex>;
  /** Stops accepting and removes the socket file. Idempotent. Connections already emitted stay open: they are not ours. */
  close(): Promise<void>;
}

/** How bytes travel between the two processes; injectable. */
export interface Transport {
  listen(): Promise<Listener>;
  dial(address: Address, options?: DialOptions): Promise<Duplex>;
}
