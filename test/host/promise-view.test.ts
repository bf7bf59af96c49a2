import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Container, inject, injectable } from 'inversify';
import { KVDefinition } from '../../examples/gen/kv.js';
import { KvStore } from '../../examples/grpc-kv/kv-store.js';
import { injectPlugin, pluginHostModule } from '../../src/di/index.js';
import { status } from '../../src/grpc.js';
import {
  type ClientOfContract,
  createClient,
  dualPlugin,
  grpcPlugin,
  implement,
  netRpcPlugin,
  promiseClient,
} from '../../src/index.js';
import { gob, method } from '../../src/net-rpc.js';
import { createGrpcPair, createPluginPair } from '../../src/testing/index.js';
import { SILENT_LOGGER } from '../../src/wire/logs/logger.js';
import { ProbeDefinition } from '../conformance/gen/probe.js';
import { type Command, goPlugin, needsGo, ourPlugin } from '../conformance/peers.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { rejection } from '../support/rejection.js';

const assertTempDirEmpty = ownTempDir();
const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_CONFORMANCE', magicCookieValue: 'hello' };
const plugins = {
  kv: grpcPlugin(KVDefinition, { view: promiseClient }),
  probe: grpcPlugin(ProbeDefinition, { view: promiseClient }),
};
type Probe = ClientOfContract<typeof plugins.probe>;
type Kv = ClientOfContract<typeof plugins.kv>;
const value = Buffer.from('1');

const PEERS: readonly (readonly [string, () => Promise<Command>, { readonly skip: string | false }])[] = [
  ['a Go plugin', goPlugin, needsGo()],
  ['our plugin', ourPlugin, { skip: false }],
];

for (const [peer, command, options] of PEERS) {
  /** Runs with the clients of a started plugin. */
  const withPlugin = async (use: (probe: Probe, kv: Kv) => Promise<void>): Promise<void> => {
    await using client = createClient({ command: await command(), handshake, plugins });
    await client.start();
    await use(await client.dispense('probe'), await client.dispense('kv'));
    await client.stop();
    assertTempDirEmpty();
  };

  test(`${peer} answers every kind of call`, { ...options, timeout: 290_000 }, () =>
    withPlugin(async (probe, kv) => {
      assert.deepEqual(await kv.put({ key: 'a', value }), { revision: 1n });
      assert.deepEqual(await kv.import([{ key: 'b', value }]), { entries: 1, bytes: 1n });
      assert.equal((await probe.consume([])).count, 0);
      const numbers: number[] = [];
      for await (const { number } of probe.produce({ count: 50, size: 100 })) numbers.push(number);
      for await (const { number } of probe.exchange([{ number: 50 }])) numbers.push(number);
      assert.deepEqual(
        numbers,
        Array.from({ length: 51 }, (_, number) => number),
      );
      for await (const _ of probe.exchange([])) assert.fail('there is nothing to answer');
    }),
  );

  test(`${peer} is cancelled, by deadlines too, and fails late`, { ...options, timeout: 290_000 }, () =>
    withPlugin(async (probe) => {
      const left = new AbortController();
      const hanging = rejection(probe.hang({ token: 'aborted' }, { signal: left.signal }));
      await probe.observe({ token: 'aborted' });
      left.abort();
      assert.equal((await hanging).status, status.CANCELLED);
      assert.equal((await probe.observe({ token: 'aborted', ended: true })).reason, 'cancelled');
      const late = await rejection(probe.hang({ token: 'late' }, { timeoutMs: 50 }));
      assert.equal(late.status, status.DEADLINE_EXCEEDED);
      assert.ok((await probe.observe({ token: 'late', ended: true })).hasDeadline);
      const iterator = probe.hangStream({ token: 'left' })[Symbol.asyncIterator]();
      const next = iterator.next();
      await probe.observe({ token: 'left' });
      await iterator.return?.();
      assert.equal((await next).done, true);
      assert.equal((await probe.observe({ token: 'left', ended: true })).reason, 'cancelled');
      const seen: number[] = [];
      const failing = async () => {
        for await (const { number } of probe.failLater({ code: 5, message: 'x', after: 12 })) seen.push(number);
      };
      assert.equal((await rejection(failing())).status, status.NOT_FOUND);
      assert.equal(seen.length, 12);
    }),
  );

  test(`${peer} is held back by a slow reader`, { ...options, timeout: 290_000 }, () =>
    withPlugin(async (probe) => {
      const iterator = probe.produce({ count: 0, size: 10_000 })[Symbol.asyncIterator]();
      await iterator.next();
      const before = process.memoryUsage().arrayBuffers;
      for (let round = 0; round < 300; round++) await probe.echo({ data: Buffer.alloc(100) });
      assert.ok(process.memoryUsage().arrayBuffers - before < 16 * 1024 * 1024);
      for (let number = 1; number < 2000; number++) assert.equal((await iterator.next()).value?.number, number);
      await iterator.return?.();
    }),
  );
}

test('an application is injected the view', async () => {
  @injectable()
  class Importer {
    constructor(
      @inject('prefix') private readonly prefix: string,
      @injectPlugin('store') private readonly kv: Kv,
    ) {}

    async run(): Promise<bigint> {
      return (await this.kv.put({ key: this.prefix, value })).revision;
    }
  }
  const container = new Container();
  container.bind('prefix').toConstantValue('a');
  container.bind(Importer).toSelf();
  const command = await ourPlugin();
  container.load(pluginHostModule({ store: { command, handshake, plugins: { kv: plugins.kv } } }));
  assert.equal(await (await container.getAsync(Importer)).run(), 1n);
  await container.unbindAllAsync();
  assertTempDirEmpty();
});

test('testing pairs give the view', async () => {
  await using grpc = await createGrpcPair(plugins.kv, new KvStore(SILENT_LOGGER));
  assert.equal((await grpc.client.put({ key: 'a', value })).revision, 1n);
  await using set = await createPluginPair({ kv: plugins.kv }, { kv: KvStore });
  const kv = await set.dispense('kv');
  await kv.put({ key: 'b', value });
  for await (const { key } of kv.watch({ existing: true })) {
    assert.equal(key, 'b');
    break;
  }
});

test('a dual contract gives the view of its gRPC side', async () => {
  const netrpc = netRpcPlugin({ put: method(gob.string, gob.int) });
  const both = dualPlugin({ grpc: plugins.kv, netrpc });
  const one = dualPlugin({
    grpc: plugins.kv,
    netrpc: netRpcPlugin({ put: method(gob.string, gob.int) }, { view: promiseClient }),
    client: ({ protocol, client }) => ({
      put: async (key: string) =>
        Number(protocol === 'grpc' ? (await client.put({ key })).revision : await client.put(key)),
    }),
  });
  const put = (key: string) => key.length;
  const grpc = new KvStore(SILENT_LOGGER);
  for (const protocol of ['grpc', 'netrpc'] as const) {
    await using pair = await createPluginPair(
      { both },
      { both: implement(both, { grpc, netrpc: { put } }) },
      { protocol },
    );
    const spoken = await pair.dispense('both');
    assert.equal(spoken.protocol, protocol);
    if (spoken.protocol === 'grpc') assert.equal((await spoken.client.put({ key: 'a' })).revision, 1n);
    await using single = await createPluginPair(
      { one },
      { one: implement(one, { grpc, netrpc: { put } }) },
      { protocol },
    );
    assert.equal(await (await single.dispense('one')).put('abc'), protocol === 'grpc' ? 1 : 3);
  }
});
