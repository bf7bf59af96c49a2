/** Compiled with everything else: what must not compile is marked, and a mark that is not needed fails the build. */
import { NEVER, type Observable } from 'rxjs';
import { type GetResponse, KVDefinition } from '../../examples/gen/kv.js';
import type { GrpcBroker } from '../../src/grpc.js';
import { type ClientOf, grpcPlugin, implement, netRpcPlugin, type ServiceOf } from '../../src/index.js';
import type { MuxBroker } from '../../src/net-rpc.js';

type Service = ServiceOf<typeof KVDefinition>;

export function lending(broker: GrpcBroker, service: Service, client: ClientOf<typeof KVDefinition>): void {
  const got$: Observable<GetResponse> = broker.lend(KVDefinition, service, (id) => client.get({ key: `${id}` }));
  const size$: Observable<number> = broker.borrow(KVDefinition, 1, async (kv) => kv.get.length);
  // @ts-expect-error methods are missing
  broker.lend(KVDefinition, { get: service.get }, () => NEVER);
  // @ts-expect-error there is no such method
  broker.borrow(KVDefinition, 1, (kv) => kv.fetch({}));
  // @ts-expect-error an id is a number
  broker.borrow(KVDefinition, '1', () => NEVER);
  void [got$, size$];
}

/** What a service is made with is known from its contract. */
export const withBroker = implement(grpcPlugin(KVDefinition), ({ broker, logger }): Service => {
  const ours: GrpcBroker = broker;
  // @ts-expect-error this is the broker of the other protocol
  const theirs: MuxBroker = broker;
  logger.debug('made', { ids: ours.nextId() });
  void theirs;
  throw new Error('never run');
});

export const overNetRpc = implement(netRpcPlugin({}), ({ broker }) => {
  const ours: MuxBroker = broker;
  void ours;
  return {};
});

/** Both sides of a contract of one's own get the broker. */
export const ownSides = grpcPlugin<{ readonly next: () => number }, Service>({
  client: ({ broker }) => ({ next: () => broker.nextId() }),
  serve: (server, service, { broker }) => {
    server.addService(KVDefinition, service);
    broker.nextId();
  },
});
