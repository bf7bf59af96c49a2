import type { Duplex } from 'node:stream';
import type { Observable, ObservableInput } from 'rxjs';
import type { DialOptions } from '../../../transports/transport.js';
import type { BrokerRequest } from '../../broker-request.js';
import type { GrpcChannel } from '../client/channel.js';
import type { GrpcChannelSettings } from '../client/channel-options.js';
import type { GrpcServer, GrpcServerOptions } from '../server/grpc-server.js';
import type { ClientOf, HandlersOf, ServiceDefinition } from '../shared/service-definition.js';

/** What a broker has open at the moment; all zero after `close`. */
export interface GrpcBrokerCounts {
  /** Ids that are being accepted. */
  readonly accepting: number;
  /** Channels that were dialed and are not closed. */
  readonly channels: number;
  /** Requests of the peer that nobody took yet, and of this side that the peer has not answered. */
  readonly pending: number;
  /** Multiplexed: the streams inside the one connection, the main channel's included. Otherwise 0. */
  readonly streams: number;
}

/** How a brokered channel is dialed (go-plugin grpc_broker.go DialWithOptions). */
export interface BrokerDialOptions extends DialOptions {
  /** Options of this channel, in the place of those of the broker, one by one. */
  readonly channel?: GrpcChannelSettings;
}

/**
 * Opens further gRPC connections between a host and its plugin, in both directions (go-plugin GRPCBroker). One side accepts an id,
 * the other dials it; the application passes the id in a request of its own. Either may come first, within 5 s. Ids belong to the side
 * that accepts them. Brokered connections use the TLS identities of the main connection, and end with it.
 *
 * @example
 * ```ts
 * // Host: passes a service to the plugin for one call.
 * client.broker.lend(RefereeDefinition, referee, (id) => merger.merge({ ...conflict, referee: id }));
 * // Plugin: calls it.
 * broker.borrow(RefereeDefinition, request.referee, (referee) => referee.decide(question));
 * ```
 */
export interface GrpcBroker extends AsyncDisposable {
  /**
   * What the peer asks for: offers where brokered connections have sockets of their own, knocks where they are multiplexed. Hot; replays
   * nothing. Completes when the peer can ask for nothing any more. Never errors.
   */
  readonly requests$: Observable<BrokerRequest>;
  /** What is open at the moment, for tests and metrics. */
  readonly counts: GrpcBrokerCounts;
  /** A new id of this side: 1, 2, 3, … For one use. */
  nextId(): number;
  /**
   * Connections to the id, after their TLS handshake, for a server of your own. Cold: subscribing listens and tells the peer,
   * unsubscribing stops listening. Each emitted Duplex belongs to the subscriber. Completes when the broker is closed. Errors with
   * ClosedError when the peer cannot be told any more, PluginCallError ERR_BROKER for an id that is or was in use.
   */
  accept(id: number): Observable<Duplex>;
  /**
   * Accepts an id and serves what `register` adds to a server. Cold: subscribing listens, tells the peer and serves; emits the id when
   * the peer may dial it, and stays; unsubscribing closes listener, connections and server. Completes and errors like `accept`. On a
   * host, serving alone does not keep the process alive. `options` take the place of those of the broker, one by one.
   *
   * @example
   * ```ts
   * const serving$ = broker.acceptAndServe(broker.nextId(), (server) => server.addService(RefereeDefinition, referee));
   * serving$.pipe(switchMap((id) => merger.register({ referee: id })));
   * ```
   */
  acceptAndServe(id: number, register: (server: GrpcServer) => void, options?: GrpcServerOptions): Observable<number>;
  /**
   * A connected channel to an id that the peer accepts. The caller closes it. Rejects with PluginCallError
   * ERR_BROKER_TIMEOUT when the peer does not accept the id in time, with ERR_BROKER when it refuses, TransportError, SecurityError,
   * ClosedError.
   */
  dial(id: number, options?: BrokerDialOptions): Promise<GrpcChannel>;
  /**
   * Passes a service as an argument of a call: serves it at a new id while the Observable or Promise that `use` returns runs, normally
   * a call with the id in its request. Cold; mirrors that call.
   */
  lend<D extends ServiceDefinition, T>(
    definition: D,
    service: HandlersOf<D>,
    use: (id: number) => ObservableInput<T>,
  ): Observable<T>;
  /**
   * The other end of `lend`: makes a typed client of the service at the id for `use`, and closes it when the Observable or Promise that
   * `use` returns has ended. Cold; mirrors that. Returned from a handler it ends with the handler's call.
   */
  borrow<D extends ServiceDefinition, T>(
    definition: D,
    id: number,
    use: (client: ClientOf<D>) => ObservableInput<T>,
  ): Observable<T>;
  /** Closes all brokered connections; their calls fail, with `because` if given. Idempotent. The client, or the plugin's serving, calls it. */
  close(because?: Error): Promise<void>;
}
