import type { Duplex } from 'node:stream';
import { defer, EMPTY, type Observable, type ObservableInput, Subject, switchMap } from 'rxjs';
import type { BrokerKnock, BrokerRequest } from '../protocols/broker-request.js';
import type { BrokerDialOptions, GrpcBroker, GrpcBrokerCounts } from '../protocols/grpc/broker/grpc-broker.js';
import type { GrpcChannel } from '../protocols/grpc/client/channel.js';
import { grpcBrokerOf } from '../protocols/grpc/client-protocol.js';
import type { GrpcServer, GrpcServerOptions } from '../protocols/grpc/server/grpc-server.js';
import type { ClientOf, ServiceDefinition, ServiceOf } from '../protocols/grpc/shared/service-definition.js';
import { LendingBroker } from '../protocols/netrpc/lend.js';
import type { MuxBroker } from '../protocols/netrpc/mux-broker.js';
import { muxBrokerOf } from '../protocols/netrpc/mux-broker.js';
import type { NetRpcServerOptions } from '../protocols/netrpc/rpc-server.js';
import type { NetRpcServices } from '../protocols/netrpc/rpc-service.js';
import type { ClientProtocol } from '../protocols/protocol.js';
import type { DialOptions } from '../transports/transport.js';

/** Where a client's brokers find the connection. */
export interface BrokerSource {
  /** The connection. Throws ClosedError unless the plugin is running. */
  readonly protocol: ClientProtocol;
  /** Emits the connection when it is made, hot; completes when the plugin is gone. */
  readonly protocol$: Observable<ClientProtocol>;
}

const NOTHING_OPEN: GrpcBrokerCounts = Object.freeze({ accepting: 0, channels: 0, pending: 0, streams: 0 });

/** `client.broker`: exists from the client's construction on, and forwards to the connection's broker while the plugin is running. */
export class ClientGrpcBroker implements GrpcBroker {
  readonly requests$: Observable<BrokerRequest>;
  readonly #source: BrokerSource;
  /** Kept after the end of the connection, when everything in its counts has to be zero. */
  #connected: GrpcBroker | undefined;

  constructor(source: BrokerSource) {
    this.#source = source;
    this.requests$ = requestsOf(source, (protocol) => {
      if (protocol.name !== 'grpc') return EMPTY;
      this.#connected = grpcBrokerOf(protocol);
      return this.#connected.requests$;
    });
  }

  get counts(): GrpcBrokerCounts {
    return this.#connected?.counts ?? NOTHING_OPEN;
  }

  nextId(): number {
    return this.#broker().nextId();
  }

  accept(id: number): Observable<Duplex> {
    return defer(() => this.#broker().accept(id));
  }

  acceptAndServe(id: number, register: (server: GrpcServer) => void, options?: GrpcServerOptions): Observable<number> {
    return defer(() => this.#broker().acceptAndServe(id, register, options));
  }

  async dial(id: number, options?: BrokerDialOptions): Promise<GrpcChannel> {
    return await this.#broker().dial(id, options);
  }

  lend<D extends ServiceDefinition, T>(
    definition: D,
    service: ServiceOf<D>,
    use: (id: number) => ObservableInput<T>,
  ): Observable<T> {
    return defer(() => this.#broker().lend(definition, service, use));
  }

  borrow<D extends ServiceDefinition, T>(
    definition: D,
    id: number,
    use: (client: ClientOf<D>) => ObservableInput<T>,
  ): Observable<T> {
    return defer(() => this.#broker().borrow(definition, id, use));
  }

  async close(because?: Error): Promise<void> {
    await this.#broker().close(because);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #broker(): GrpcBroker {
    return grpcBrokerOf(this.#source.protocol);
  }
}

/** `client.muxBroker`, likewise, for net/rpc. */
export class ClientMuxBroker extends LendingBroker {
  readonly requests$: Observable<BrokerKnock>;
  readonly #source: BrokerSource;

  constructor(source: BrokerSource) {
    super();
    this.#source = source;
    this.requests$ = requestsOf(source, (protocol) =>
      protocol.name === 'netrpc' ? muxBrokerOf(protocol).requests$ : EMPTY,
    );
  }

  nextId(): number {
    return this.#broker().nextId();
  }

  accept(id: number): Observable<Duplex> {
    return defer(() => this.#broker().accept(id));
  }

  acceptAndServe(id: number, services: NetRpcServices, options?: NetRpcServerOptions): Observable<number> {
    return defer(() => this.#broker().acceptAndServe(id, services, options));
  }

  async dial(id: number, options?: DialOptions): Promise<Duplex> {
    return await this.#broker().dial(id, options);
  }

  #broker(): MuxBroker {
    return muxBrokerOf(this.#source.protocol);
  }
}

/** The requests of the connection's broker, hot: subscribed to as soon as there is a connection, so that none is missed. */
function requestsOf<Request extends BrokerRequest>(
  { protocol$ }: BrokerSource,
  select: (protocol: ClientProtocol) => Observable<Request>,
): Observable<Request> {
  const requests = new Subject<Request>();
  protocol$.pipe(switchMap(select)).subscribe(requests);
  return requests.asObservable();
}
