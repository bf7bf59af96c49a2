import type { Duplex } from 'node:stream';
import { defer, firstValueFrom, mergeMap, type Observable, type ObservableInput, Subject, switchMap } from 'rxjs';
import { PluginCallError } from '../errors.js';
import type { BrokerKnock, BrokerRequest } from '../protocols/broker-request.js';
import type { BrokerDialOptions, GrpcBroker, GrpcBrokerCounts } from '../protocols/grpc/broker/grpc-broker.js';
import type { GrpcChannel } from '../protocols/grpc/client/channel.js';
import type { GrpcServer, GrpcServerOptions } from '../protocols/grpc/server/grpc-server.js';
import type { ClientOf, ServiceDefinition, ServiceOf } from '../protocols/grpc/shared/service-definition.js';
import { LendingBroker } from '../protocols/netrpc/lend.js';
import type { NetRpcServerOptions } from '../protocols/netrpc/rpc-server.js';
import type { NetRpcServices } from '../protocols/netrpc/rpc-service.js';
import type { DialOptions } from '../transports/transport.js';
import type { MemberClient } from './member-client.js';
import { noGeneration } from './statuses.js';
import type { Supervisor } from './supervisor.js';

const NOTHING_OPEN: GrpcBrokerCounts = Object.freeze({ accepting: 0, channels: 0, pending: 0, streams: 0 });

/**
 * The broker of the generation that serves when something is subscribed to or dialed: it waits for one. Ids belong to a generation, so
 * what was lent to it ends with it.
 */
export class SwitchingGrpcBroker implements GrpcBroker {
  readonly requests$: Observable<BrokerRequest>;
  readonly #supervisor: Supervisor;

  constructor(supervisor: Supervisor, client$: Observable<MemberClient>) {
    this.#supervisor = supervisor;
    const requests = new Subject<BrokerRequest>();
    client$.pipe(mergeMap(({ broker }) => broker.requests$)).subscribe(requests);
    this.requests$ = requests.asObservable();
  }

  get counts(): GrpcBrokerCounts {
    return this.#supervisor.current?.client.broker.counts ?? NOTHING_OPEN;
  }

  nextId(): number {
    return currentClient(this.#supervisor).broker.nextId();
  }

  accept(id: number): Observable<Duplex> {
    return this.#use((broker) => broker.accept(id));
  }

  acceptAndServe(id: number, register: (server: GrpcServer) => void, options?: GrpcServerOptions): Observable<number> {
    return this.#use((broker) => broker.acceptAndServe(id, register, options));
  }

  async dial(id: number, options?: BrokerDialOptions): Promise<GrpcChannel> {
    const client = await servingClient(this.#supervisor);
    return await client.broker.dial(id, options);
  }

  lend<D extends ServiceDefinition, T>(
    definition: D,
    service: ServiceOf<D>,
    use: (id: number) => ObservableInput<T>,
  ): Observable<T> {
    return this.#use((broker) => broker.lend(definition, service, use));
  }

  borrow<D extends ServiceDefinition, T>(
    definition: D,
    id: number,
    use: (client: ClientOf<D>) => ObservableInput<T>,
  ): Observable<T> {
    return this.#use((broker) => broker.borrow(definition, id, use));
  }

  /** The brokers belong to the generations, and end with them. */
  async close(): Promise<void> {}

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #use<T>(use: (broker: GrpcBroker) => Observable<T>): Observable<T> {
    return whenServing(this.#supervisor, ({ broker }) => use(broker));
  }
}

/** The same over net/rpc. */
export class SwitchingMuxBroker extends LendingBroker {
  readonly requests$: Observable<BrokerKnock>;
  readonly #supervisor: Supervisor;

  constructor(supervisor: Supervisor, client$: Observable<MemberClient>) {
    super();
    this.#supervisor = supervisor;
    const requests = new Subject<BrokerKnock>();
    client$.pipe(mergeMap(({ muxBroker }) => muxBroker.requests$)).subscribe(requests);
    this.requests$ = requests.asObservable();
  }

  nextId(): number {
    return currentClient(this.#supervisor).muxBroker.nextId();
  }

  accept(id: number): Observable<Duplex> {
    return whenServing(this.#supervisor, ({ muxBroker }) => muxBroker.accept(id));
  }

  acceptAndServe(id: number, services: NetRpcServices, options?: NetRpcServerOptions): Observable<number> {
    return whenServing(this.#supervisor, ({ muxBroker }) => muxBroker.acceptAndServe(id, services, options));
  }

  async dial(id: number, options?: DialOptions): Promise<Duplex> {
    const client = await servingClient(this.#supervisor);
    return await client.muxBroker.dial(id, options);
  }
}

/** Throws for a pool: what is lent to one of its processes is not known to the process that the call goes to. */
function refusePool({ isPool }: Supervisor): void {
  if (!isPool) return;
  throw new PluginCallError(
    'ERR_BROKER',
    'A pool has no broker of its own: each of its processes has one. Use `plugin.withMember((client) => …)`, whose `client.broker` and ' +
      '`client.dispense` belong to the same process.',
  );
}

/** The client of the generation that serves, when there is one. */
async function servingClient(supervisor: Supervisor): Promise<MemberClient> {
  refusePool(supervisor);
  return (await firstValueFrom(supervisor.ready$())).client;
}

/** Uses the generation that serves: at once, or when there is one. */
function whenServing<T>(supervisor: Supervisor, use: (client: MemberClient) => Observable<T>): Observable<T> {
  return defer(() => {
    refusePool(supervisor);
    const { current } = supervisor;
    if (current?.isAvailable === true) return use(current.client);
    return supervisor.ready$().pipe(switchMap(({ client }) => use(client)));
  });
}

function currentClient(supervisor: Supervisor): MemberClient {
  refusePool(supervisor);
  const { current, state } = supervisor;
  if (current === undefined) throw noGeneration(state, 0);
  return current.client;
}
