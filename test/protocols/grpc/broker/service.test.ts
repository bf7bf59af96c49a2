import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom, lastValueFrom, map, NEVER, of, ReplaySubject, Subject, toArray } from 'rxjs';
import { createGrpcChannel, createGrpcServer, type Metadata, status } from '../../../../src/grpc.js';
import { BrokerLink } from '../../../../src/protocols/grpc/broker/link.js';
import { isResumable, namedBroker } from '../../../../src/protocols/grpc/broker/resumption.js';
import { createBrokerService } from '../../../../src/protocols/grpc/broker/service.js';
import { createGrpcClient } from '../../../../src/protocols/grpc/client/client.js';
import { type ConnInfo, GRPCBrokerDefinition } from '../../../../src/protocols/grpc/gen/internal/plugin/grpc_broker.js';
import { duplexPair } from '../../../../src/testing/duplex-pair.js';
import { createGrpcConnection } from '../../../../src/testing/index.js';
import { hasCode, hasStatus, settled } from '../../../contracts/broker.js';
import { within } from '../../../support/defer.js';

const MESSAGE: ConnInfo = { serviceId: 1, network: 'unix', address: '/x', knock: undefined };

async function rig() {
  const link = new BrokerLink({ timeoutMs: 5000 });
  const connection = await createGrpcConnection((server) =>
    server.addService(GRPCBrokerDefinition, createBrokerService(link)),
  );
  const { startStream } = createGrpcClient(connection.channel, GRPCBrokerDefinition);
  return { link, startStream, [Symbol.asyncDispose]: () => connection.dispose() };
}

/** Hosts on connections of their own to one service, which they can lose. */
function hosts(link: BrokerLink, resumeTimeoutMs: number) {
  const server = createGrpcServer();
  server.addService(GRPCBrokerDefinition, createBrokerService(link, { resumeTimeoutMs }));
  const connect = (name: string) => {
    const [near, far] = duplexPair();
    server.inject(far);
    const channel = createGrpcChannel({ dialer: { dial: () => Promise.resolve(near) } });
    const { startStream } = createGrpcClient(channel, GRPCBrokerDefinition);
    const headers = new Subject<boolean>();
    const resumable = firstValueFrom(headers);
    const options = { metadata: namedBroker(name), onHeaders: (own: Metadata) => headers.next(isResumable(own)) };
    const received = new ReplaySubject<ConnInfo>();
    const call = startStream(NEVER, options).subscribe(received);
    return { channel, call, received, resumable, lose: () => void near.destroy() };
  };
  return { connect, close: () => server.close() };
}

test('a host with a name goes on in another call after a loss, and no other host does', async () => {
  const link = new BrokerLink({ timeoutMs: 5000 });
  const { connect, close } = hosts(link, 5000);
  const first = connect('one');
  assert.equal(await first.resumable, true);
  await link.send(MESSAGE);
  await firstValueFrom(first.received);
  const resumed = firstValueFrom(link.resumed$);
  first.lose();
  await assert.rejects(lastValueFrom(first.received), hasStatus(status.UNAVAILABLE));
  const stranger = connect('another');
  const second = connect('one');
  await resumed;
  await link.send({ ...MESSAGE, serviceId: 2 });
  assert.equal((await firstValueFrom(second.received)).serviceId, 2);
  // Before the plugin has noticed that the second connection is lost.
  const third = connect('one');
  assert.equal(await third.resumable, true);
  await link.send({ ...MESSAGE, serviceId: 3 });
  assert.equal((await firstValueFrom(third.received)).serviceId, 3);
  assert.deepEqual(
    await lastValueFrom(
      second.received.pipe(
        map(({ serviceId }) => serviceId),
        toArray(),
      ),
    ),
    [2],
  );
  const ended = lastValueFrom(link.message$, { defaultValue: 'ended' });
  third.call.unsubscribe();
  assert.equal(await ended, 'ended');
  for (const host of [first, second, third, stranger]) await host.channel.close();
  await close();
});

test('a channel that is closed is no loss', async () => {
  const link = new BrokerLink({ timeoutMs: 5000 });
  const { connect, close } = hosts(link, 60_000);
  const host = connect('one');
  await host.resumable;
  const ended = lastValueFrom(link.message$, { defaultValue: 'ended' });
  await host.channel.close();
  assert.equal(await ended, 'ended');
  await close();
});

test('a host that does not come back in time is not waited for, and is refused then', async () => {
  const link = new BrokerLink({ timeoutMs: 5000 });
  const { connect, close } = hosts(link, 50);
  const host = connect('one');
  await host.resumable;
  const ended = lastValueFrom(link.message$, { defaultValue: 'ended' });
  host.lose();
  // Its timer does not keep the process alive.
  assert.equal(await within(10_000, 'the end', ended), 'ended');
  await assert.rejects(link.send(MESSAGE), hasCode('ERR_CLOSED'));
  const late = connect('one');
  await assert.rejects(lastValueFrom(late.received), hasStatus(status.FAILED_PRECONDITION));
  await Promise.all([host.channel.close(), late.channel.close()]);
  await close();
});

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
