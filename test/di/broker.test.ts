import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inject } from 'inversify';
import { firstValueFrom, tap } from 'rxjs';
import { handshake, plugins } from '../../examples/bidirectional/contract.js';
import { type MergeRequest, MergerDefinition, RefereeDefinition } from '../../examples/gen/merge.js';
import { BROKER } from '../../src/di/index.js';
import type { GrpcBroker } from '../../src/grpc.js';
import { createClient, netRpcPlugin, PluginService, type ServiceOf } from '../../src/index.js';
import { gob, method } from '../../src/net-rpc.js';
import { createPluginPair } from '../../src/testing/index.js';
import { hasCode } from '../contracts/broker.js';
import { fixture } from '../fixtures/fixture.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const referee: ServiceOf<typeof RefereeDefinition> = { decide: ({ key, ours }) => ({ value: `${key}: ${ours}` }) };
const conflict = { ours: { a: '1' }, theirs: { a: '2' } };

@PluginService(MergerDefinition)
class Merger implements ServiceOf<typeof MergerDefinition> {
  constructor(@inject(BROKER) private readonly broker: GrpcBroker) {}

  merge({ referee: id }: MergeRequest) {
    return this.broker.borrow(RefereeDefinition, id, async (client) => {
      const { value } = await firstValueFrom(client.decide({ key: 'a', ours: '1', theirs: '2' }));
      return { merged: { a: value } };
    });
  }
}

test('the broker of its connection is injected into a service class', async () => {
  await using pair = await createPluginPair(plugins, { merger: Merger });
  const merger = await pair.dispense('merger');
  const broker = pair.host.broker as GrpcBroker;
  const merged$ = broker.lend(RefereeDefinition, referee, (id) => merger.merge({ ...conflict, referee: id }));
  assert.deepEqual((await firstValueFrom(merged$)).merged, { a: 'a: 1' });
});

for (const [name, options] of [
  ['sockets', {}],
  ['sockets, AutoMTLS', { autoMtls: true }],
  ['multiplexed', { grpcBrokerMultiplex: true }],
  ['multiplexed, AutoMTLS', { grpcBrokerMultiplex: true, autoMtls: true }],
] as const) {
  test(`a client has the broker of its plugin while the plugin runs (${name})`, async () => {
    const plugin = fileURLToPath(new URL('../../examples/bidirectional/plugin.js', import.meta.url));
    const client = createClient({ command: [process.execPath, plugin], handshake, plugins, ...options });
    const { broker } = client;
    assert.throws(() => broker.nextId(), hasCode('ERR_NOT_STARTED'));
    await client.start();
    const merger = await client.dispense('merger');
    const merged$ = broker.lend(RefereeDefinition, referee, (id) => merger.merge({ ...conflict, referee: id }));
    assert.deepEqual((await firstValueFrom(merged$)).merged, { a: 'a: 1' });
    assert.deepEqual([broker.counts.accepting, broker.counts.channels, broker.counts.pending], [0, 0, 0]);
    await client.stop();
    assert.throws(() => broker.nextId(), hasCode('ERR_CLOSED'));
    assert.deepEqual(broker.counts, { accepting: 0, channels: 0, pending: 0, streams: 0 });
    assertTempDirEmpty();
  });
}

test('a client over net/rpc has a MuxBroker while the plugin runs, and no GrpcBroker', async () => {
  const waiter = netRpcPlugin({ count: method(gob.uint32, gob.int), offer: method(gob.empty, gob.uint32) });
  const client = createClient({
    command: fixture('serves-netrpc'),
    handshake: { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' },
    plugins: { waiter },
  });
  const { muxBroker } = client;
  assert.throws(() => muxBroker.nextId(), hasCode('ERR_NOT_STARTED'));
  await client.start();
  assert.throws(() => client.broker.nextId(), hasCode('ERR_BROKER'));
  const calls = await client.dispense('waiter');
  const id = muxBroker.nextId();
  const [stream, bytes] = await Promise.all([
    firstValueFrom(muxBroker.accept(id).pipe(tap((accepted) => accepted.end('all of it')))),
    firstValueFrom(calls.count(id)),
  ]);
  assert.equal(bytes, 9);
  const offered = await muxBroker.dial(await firstValueFrom(calls.offer()));
  const requested = firstValueFrom(muxBroker.requests$, { defaultValue: 'none' });
  for (const each of [stream, offered]) each.destroy();
  await client.stop();
  assert.throws(() => muxBroker.nextId(), hasCode('ERR_CLOSED'));
  assert.equal(await requested, 'none');
  assertTempDirEmpty();
});

test('a client over gRPC has no MuxBroker', async () => {
  const plugin = fileURLToPath(new URL('../../examples/bidirectional/plugin.js', import.meta.url));
  await using client = createClient({ command: [process.execPath, plugin], handshake, plugins });
  await client.start();
  assert.throws(() => client.muxBroker.nextId(), hasCode('ERR_BROKER'));
});
