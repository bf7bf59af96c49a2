import type { Dialer, DialOptions, Listener } from '../../../transports/transport.js';

/** How brokered connections travel: each over a socket of its own, or all as streams inside the main connection. */
export interface BrokerRoute {
  /**
   * Listens for the peer's connections to the id, and tells the peer. Connections are raw, without TLS. Rejects with PluginCallError
   * ERR_BROKER or ERR_BROKER_TIMEOUT, TransportError, or ClosedError.
   */
  listen(id: number): Promise<Listener>;
  /** A raw dialer to the peer's listener of the id. The signal ends the wait for the peer. Rejects like `listen`. */
  dialer(id: number, options?: DialOptions): Promise<Dialer>;
  /** Unanswered requests: of the peer that nobody took yet, and of this side that the peer has not answered. */
  readonly pending: number;
  /** Open streams inside the main connection, main channels included; 0 for sockets. */
  readonly streams: number;
  /** Fails everything that waits. Idempotent. */
  close(): void;
}
