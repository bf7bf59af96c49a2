import type { Dialer, DialOptions, Listener } from '../../../transports/transport.js';

/** How brokered connections travel: each over a socket of its own, or all as streams inside the main connection. */
export interface BrokerRoute {
  /**
   * Prepares for the peer to dial the id, and lets it know. Connections are raw, before any TLS. Rejects with PluginCallError
   * ERR_BROKER or ERR_BROKER_TIMEOUT, TransportError, or ClosedError.
   */
  listen(id: number): Promise<Listener>;
  /**
   * A raw dialer to what the peer accepts at the id. The signal ends the wait for the peer. Rejects like `listen`.
   */
  dialer(id: number, options?: DialOptions): Promise<Dialer>;
  /** Announcements of the peer that nobody has taken, and waits for some that have not come. */
  readonly pending: number;
  /** Streams inside the main connection, those of main channels included; none where there are sockets. */
  readonly streams: number;
  /** Ends every wait. Idempotent. */
  close(): void;
}
