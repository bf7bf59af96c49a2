import type { Duplex } from 'node:stream';
import type { Observable, ObservableInput } from 'rxjs';
import type { DialOptions } from '../../../transports/transport.js';
import type { BrokerRequest } from '../../broker-request.js';
import type { GrpcChannel } from '../client/grpc-channel.js';
import type { GrpcServer } from '../server/grpc-server.js';
import type { ClientOf, ServiceDefinition, ServiceOf } from '../shared/service-definition.js';

/** What a broker holds at the moment; all zero when it leaks nothing. */
export interface GrpcBrokerCounts {
  /** Ids that are being accepted. */
  readonly accepting: number;
  /** Channels that were dialed and not closed. */
  readonly channels: number;
  /** Announcements of the peer that nobody took yet, and waits for some that have not come. */
  readonly pending: number;
  /** Where connections are multiplexed: streams inside the one connection, the main channel's included. */
  readonly streams: number;
}

/**
 * Opens further gRPC connections between a host and its plugin, in both directions (go-plugin GRPCBroker). One side accepts an id,
 * the other dials it; the application carries the id over, in a request of its own. Either may come first, within 5 s. Ids belong to
 * the side that accepts them. What is brokered has the TLS identity of the main connection, and ends with it.
 */
export interface GrpcBroker extends AsyncDisposable {
  /**
   * What the peer asks for: offers where brokered connections have sockets of their own, knocks where they are multiplexed. Hot; replays
   * nothing. Completes when the peer can ask for nothing any more. Never errors.
   */
  readonly requests$: Observable<BrokerRequest>;
  readonly counts: GrpcBrokerCounts;
  /** A new id of this side: 1, 2, 3, … For one use. */
  nextId(): number;
  /**
   * Connections to the id, TLS being done, for a server of your own. Cold: subscribing listens and tells the peer, unsubscribing
   * stops listening. Each emitted Duplex belongs to the subscriber. Completes when the broker is closed. Errors with ClosedError when
   * nothing can be announced any more, PluginCallError ERR_BROKER for an id that is or was in use.
   */
  accept(id: number): Observable<Duplex>;
  /**
   * Serves at the id what `register` adds to a server. Cold: subscribing listens, tells the peer and serves; emits the id when the
   * peer may dial it, and stays. Unsubscribing closes listener, connections and server. Completes and errors like `accept`. On a
   * host, serving alone does not keep the process alive.
   */
  acceptAndServe(id: number, register: (server: GrpcServer) => void): Observable<number>;
  /**
   * A channel to what the peer accepts at the id, connected, to be closed by the caller. Rejects with PluginCallError
   * ERR_BROKER_TIMEOUT when the peer does not accept the id in time, with ERR_BROKER when it refuses, TransportError, SecurityError,
   * ClosedError.
   */
  dial(id: number, options?: DialOptions): Promise<GrpcChannel>;
  /**
   * Passes a service as an argument: serves it under a new id for as long as what `use` makes of that id runs, normally one call that
   * carries the id. Cold; mirrors that call.
   */
  lend<D extends ServiceDefinition, T>(
    definition: D,
    service: ServiceOf<D>,
    use: (id: number) => ObservableInput<T>,
  ): Observable<T>;
  /**
   * The other end of `lend`: a typed client of what the peer serves under the id, for as long as what `use` makes of it runs. Cold;
   * mirrors that. Returned from a handler it ends with the handler's call.
   */
  borrow<D extends ServiceDefinition, T>(
    definition: D,
    id: number,
    use: (client: ClientOf<D>) => ObservableInput<T>,
  ): Observable<T>;
  /** Closes everything that is brokered; calls fail, with `because` if the peer is gone. Idempotent. For the broker's owner. */
  close(because?: Error): Promise<void>;
}
