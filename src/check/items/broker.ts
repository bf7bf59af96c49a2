import { firstValueFrom, ReplaySubject } from 'rxjs';
import { createGrpcClient } from '../../protocols/grpc/client/client.js';
import { type ConnInfo, GRPCBrokerDefinition } from '../../protocols/grpc/gen/internal/plugin/grpc_broker.js';
import { GrpcError } from '../../protocols/grpc/shared/errors.js';
import { listen } from '../../transports/sockets/socket-transport.js';
import type { Bench } from '../bench/bench.js';
import { bounded } from '../bench/bounded.js';
import { type CheckItem, type Finding, met, skipped, unmet } from './item.js';

const BROKER_ID = 1;
const DIAL_MS = 5000;

/** B: further connections. */
export const BROKER_ITEMS: readonly CheckItem[] = [
  {
    id: 'B-01',
    level: 'MUST',
    protocol: 'grpc',
    title: 'dials what its host offers',
    expected: 'a connection to the address that was offered, or the end of the call with a status, within 5 s',
    doc: 'docs/wire/broker.md#without-multiplexing',
    run: dialsOffer,
  },
];

async function dialsOffer(bench: Bench): Promise<Finding> {
  const { brokerCall } = bench.options;
  if (brokerCall === undefined) return skipped('no call was given that uses the broker');
  await using launched = await bench.launch();
  await using conversation = bench.overGrpc(launched.plugin);
  const { channel } = conversation;
  const listener = await listen();
  const offers = new ReplaySubject<Partial<ConnInfo>>();
  const stream = createGrpcClient(channel, GRPCBrokerDefinition)
    .startStream(offers)
    .subscribe({ error: () => {} });
  try {
    const dialed = firstValueFrom(listener.connection$).then((connection) => {
      connection.on('error', () => {}).resume();
      return met('it dials');
    });
    offers.next({ serviceId: BROKER_ID, ...listener.address });
    const failed = new Promise<Finding>((resolve) => {
      const onError = (error: unknown): void => resolve(ended(error));
      Promise.resolve(brokerCall({ channel, brokerId: BROKER_ID })).catch(onError);
    });
    return await bounded(DIAL_MS, 'dial', Promise.race([dialed, failed]));
  } finally {
    stream.unsubscribe();
    await listener.close();
  }
}

function ended(error: unknown): Finding {
  return GrpcError.is(error) ? met(`the call ended: ${error.statusName}`) : unmet(`the call failed: ${String(error)}`);
}
