import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastValueFrom, NEVER, of, Subject } from 'rxjs';
import { BrokerLink } from '../../../../src/protocols/grpc/broker/link.js';
import { createBrokerService } from '../../../../src/protocols/grpc/broker/service.js';
import { createGrpcClient } from '../../../../src/protocols/grpc/client/client.js';
import { type ConnInfo, GRPCBrokerDefinition } from '../../../../src/protocols/grpc/gen/internal/plugin/grpc_broker.js';
import { createGrpcConnection } from '../../../../src/testing/index.js';
import { hasCode, settled } from '../../../contracts/broker.js';

const MESSAGE: ConnInfo = { serviceId: 1, network: 'unix', address: '/x', knock: undefined };

async function rig() {
  const link = new BrokerLink({ timeoutMs: 5000 });
  const connection = await createGrpcConnection((server) =>
    server.addService(GRPCBrokerDefinition, createBrokerService(link)),
  );
  const { startStream } = createGrpcClient(connection.channel, GRPCBrokerDefinition);
  return { link, startStream, [Symbol.asyncDispose]: () => connection.dispose() };
}

test('the first call carries messages both ways, until the host ends it', async () => {
  await using end = await rig();
  const received: ConnInfo[] = [];
  end.link.message$.subscribe((message) => received.push(message));
  const requests = new Subject<ConnInfo>();
  const call = lastValueFrom(end.startStream(requests), { defaultValue: undefined });
  requests.next(MESSAGE);
  await settled(() => received.length === 1);
  await end.link.send(MESSAGE);
  requests.complete();
  assert.deepEqual(await call, MESSAGE);
  assert.deepEqual(received, [MESSAGE]);
  await assert.rejects(end.link.send(MESSAGE), hasCode('ERR_CLOSED'));
});

test('a second call is accepted, gets no messages, and ends with OK at the first message of the host', async () => {
  await using end = await rig();
  const first = end.startStream(NEVER).subscribe();
  await end.link.send(MESSAGE);
  const second = await lastValueFrom(end.startStream(of(MESSAGE)), { defaultValue: 'nothing' });
  assert.equal(second, 'nothing');
  await end.link.send(MESSAGE);
  const ended = lastValueFrom(end.link.message$, { defaultValue: 'ended' });
  first.unsubscribe();
  assert.equal(await ended, 'ended');
  assert.equal(await lastValueFrom(end.startStream(of(MESSAGE)), { defaultValue: 'nothing' }), 'nothing');
});
