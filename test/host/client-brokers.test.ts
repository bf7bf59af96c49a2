import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inject } from 'inversify';
import { firstValueFrom, lastValueFrom, take, toArray } from 'rxjs';
import { handshake, plugins } from '../../examples/bidirectional/contract.js';
import { MergerDefinition, RefereeDefinition } from '../../examples/gen/merge.js';
import { BROKER } from '../../src/di/index.js';
import type { GrpcBroker } from '../../src/grpc.js';
import { createClient, netRpcPlugin, PluginError, PluginService, type ServiceOf } from '../../src/index.js';
import { gob, method } from '../../src/net-rpc.js';
import { inProcessRunner } from '../../src/testing/index.js';
import { fixture } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const hasCode = (code: string) => (error: unknown) => PluginError.is(error) && error.code === code;
const bounded = <T>(what: string, promise: Promise<T>): Promise<T> => within(20_000, what, promise);
const referee: ServiceOf<typeof RefereeDefinition> = { decide: ({ ours }) => ({ value: ours }) };
const conflict = { ours: { a: '1' }, theirs: { a: '2' } };
const plugin = fileURLToPath(new URL('../../examples/bidirectional/plugin.js', import.meta.url));
const command = [process.execPath, plugin] as const;

/** Everything that a client can ask of its brokers fails with this code. */
async function assertRefused(client: ReturnType<typeof bidirectional>, code: string): Promise<void> {
  const { broker, muxBroker } = client;
  const refused = hasCode(code);
  assert.throws(() => broker.nextId(), refused);
  await assert.rejects(broker.dial(1), refused);
  await assert.rejects(broker.close(), refused);
  await assert.rejects(firstValueFrom(broker.accept(1)), refused);
  await assert.rejects(firstValueFrom(broker.acceptAndServe(1, () => {})), refused);
  await assert.rejects(firstValueFrom(broker.lend(RefereeDefinition, referee, (id) => [id])), refused);
  await assert.rejects(firstValueFrom(broker.borrow(RefereeDefinition, 1, () => [1])), refused);
  assert.throws(() => muxBroker.nextId(), refused);
  await assert.rejects(muxBroker.dial(1), refused);
  await assert.rejects(firstValueFrom(muxBroker.accept(1)), refused);
  await assert.rejects(firstValueFrom(muxBroker.acceptAndServe(1, new Map())), refused);
}

function bidirectional(options: object = {}) {
  return createClient({ command, handshake, plugins, ...options });
}

test('before the start and after the end only requests$ and counts of the brokers can be used', async () => {
  const client = bidirectional();
  await assertRefused(client, 'ERR_NOT_STARTED');
  assert.deepEqual(client.broker.counts, { accepting: 0, channels: 0, pending: 0, streams: 0 });
  await client.stop();
  await assertRefused(client, 'ERR_CLOSED');
});

/** Offers an id as soon as there is a host to offer it to. */
@PluginService(MergerDefinition)
class OfferingMerger implements ServiceOf<typeof MergerDefinition> {
  constructor(@inject(BROKER) broker: GrpcBroker) {
    broker.acceptAndServe(broker.nextId(), () => {}).subscribe({ error: () => {} });
  }

  merge() {
    return { merged: {} };
  }
}

test('requests$ that was subscribed to before the start misses nothing, and completes with the plugin', async () => {
  const runner = inProcessRunner({ handshake, plugins: { merger: OfferingMerger } });
  const client = createClient({ runner, handshake, plugins });
  const requests = lastValueFrom(client.broker.requests$.pipe(toArray()));
  const offered = firstValueFrom(client.broker.requests$);
  const muxRequests = lastValueFrom(client.muxBroker.requests$.pipe(toArray()));
  await client.start();
  assert.equal((await bounded('the offer', offered)).kind, 'offer');
  await client.stop();
  const kinds = (await bounded('the end of the requests', requests)).map(({ kind, id }) => [kind, id]);
  assert.deepEqual(kinds, [['offer', 1]]);
  assert.deepEqual(await bounded('the end of the other requests', muxRequests), []);
  assertTempDirEmpty();
});

test('requests$ of a multiplexed connection has the knocks of the plugin', async () => {
  const client = bidirectional({ grpcBrokerMultiplex: true });
  const knocked = firstValueFrom(client.broker.requests$);
  await client.start();
  const merger = await client.dispense('merger');
  const merged$ = client.broker.lend(RefereeDefinition, referee, (id) => merger.merge({ ...conflict, referee: id }));
  assert.deepEqual((await firstValueFrom(merged$)).merged, { a: '1' });
  assert.equal((await bounded('the knock', knocked)).kind, 'knock');
  await client.stop();
});

test('requests$ over net/rpc, subscribed to before the start, gets the streams that a plugin opens', async () => {
  const waiter = netRpcPlugin({ count: method(gob.uint32, gob.int) });
  const client = createClient({
    command: fixture('serves-netrpc'),
    handshake: { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' },
    plugins: { waiter },
  });
  const requested = firstValueFrom(client.muxBroker.requests$.pipe(take(1)));
  await client.start();
  const calls = await client.dispense('waiter');
  const id = client.muxBroker.nextId();
  const accepted = firstValueFrom(client.muxBroker.accept(id));
  const counted = firstValueFrom(calls.count(id));
  (await accepted).end('x');
  assert.equal(await counted, 1);
  assert.equal((await bounded('the request', requested)).id, id);
  await client.stop();
});
