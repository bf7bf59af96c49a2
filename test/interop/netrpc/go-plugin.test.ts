import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { describe, test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { type ClientOfContract, createClient, netRpcPlugin } from '../../../src/index.js';
import { createTypedClient, gob, handler, type NetRpcClientContext, zeroValue } from '../../../src/net-rpc.js';
import { goPlugin, needsGo } from '../../conformance/peers.js';
import { within } from '../../support/defer.js';
import { Everything, greeter, kv, probeMethods } from './subject-contracts.js';

/** The probe, with the broker in the client's hands. */
const brokered = netRpcPlugin({
  client: ({ rpc, broker }: NetRpcClientContext) => ({
    broker,
    probe: createTypedClient(rpc, 'Plugin', probeMethods),
  }),
  serve: () => new Map(),
});
const withBroker = netRpcPlugin({
  client: ({ rpc, broker }: NetRpcClientContext) => ({
    broker,
    greeter: createTypedClient(rpc, 'Plugin', {
      GreetThrough: {
        args: gob.struct('GreetThroughArgs', { Name: gob.string, BrokerID: gob.uint32 }),
        reply: gob.string,
      },
      Offer: { args: gob.empty, reply: gob.uint32 },
    }),
  }),
  serve: () => new Map(),
});

async function start(autoMtls: boolean) {
  const client = createClient({
    command: await goPlugin({ protocol: 'netrpc' }),
    handshake: { protocolVersion: 1, magicCookieKey: 'RXPLUG_CONFORMANCE', magicCookieValue: 'hello' },
    plugins: { kv, greeter: withBroker, probe: brokered, plain: greeter },
    allowedProtocols: ['netrpc'],
    autoMtls,
  });
  await client.start();
  return client;
}

async function all(stream: Duplex): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

for (const autoMtls of [false, true]) {
  describe(`our host and a Go plugin over net/rpc${autoMtls ? ', AutoMTLS' : ''}`, needsGo(), () => {
    test('R-01 R-02 R-03 R-08 R-14 pings, dispenses and calls; errors keep their texts', async () => {
      await using client = await start(autoMtls);
      await client.ping();
      const store: ClientOfContract<typeof kv> = await client.dispense('kv');
      assert.equal(await firstValueFrom(store.Put({ Key: 'a', Value: Uint8Array.of(1, 2) })), 1);
      assert.deepEqual(await firstValueFrom(store.Get('a')), { Value: Uint8Array.of(1, 2), Revision: 1 });
      assert.deepEqual(Object.entries(await firstValueFrom(store.Snapshot())), [['a', Uint8Array.of(1, 2)]]);
      assert.deepEqual(await firstValueFrom(store.List('')), [{ Key: 'a', Value: Uint8Array.of(1, 2), Revision: 1 }]);
      await assert.rejects(firstValueFrom(store.Get('b')), { code: 'ERR_REMOTE', message: 'no such key: b' });
      const other = await client.dispense('kv');
      await store[Symbol.asyncDispose]();
      assert.equal(await firstValueFrom(other.Delete('a')), true);
    });

    test('R-04 an unknown plugin is told in the words of the plugin', async () => {
      await using client = await start(autoMtls);
      await assert.rejects(client.dispense('plain'), { code: 'ERR_REMOTE', message: 'unknown plugin type: plain' });
    });

    test('G-06 G-21 G-23 G-24 a value with a field of every kind comes back as it went', async () => {
      await using client = await start(autoMtls);
      const { probe } = await client.dispense('probe');
      const value = {
        Bool: true,
        Int: -7,
        Int64: -(2n ** 63n),
        Uint64: 2n ** 64n - 1n,
        Float: -1.5e300,
        String: '鍵 🔑',
        Bytes: Uint8Array.of(0, 255),
        Strings: ['', 'a'],
        Counts: Object.assign(Object.create(null) as object, { one: 1 }),
        Nested: { Name: 'outer', Value: 1, Next: { Name: 'inner', Value: 0, Next: null } },
        List: [{ Name: 'x', Value: 2, Next: null }],
        When: { unixSeconds: 1_767_323_045, nanoseconds: 6, zoneOffsetSeconds: 3600 },
        Any: 12,
        Err: { Message: 'an error as a value' },
      };
      assert.deepEqual(await firstValueFrom(probe.Everything(value)), value);
      const zero = zeroValue(Everything);
      assert.deepEqual(await firstValueFrom(probe.Everything(zero)), zero);
    });

    test('R-21 64 MiB pass both ways', async () => {
      await using client = await start(autoMtls);
      const { probe } = await client.dispense('probe');
      const data = randomBytes(64 << 20);
      assert.equal(data.equals(await firstValueFrom(probe.Echo(data))), true);
    });

    test('R-05 R-09 R-18 callbacks go both ways through the broker', async () => {
      await using client = await start(autoMtls);
      const { greeter, broker } = await client.dispense('greeter');
      for (let i = 0; i < 5; i += 1) {
        const BrokerID = broker.nextId();
        const decorate = handler(gob.string, gob.string, (text) => `<${text}>${i}`);
        const services = new Map([['Plugin', new Map([['Decorate', decorate]])]]);
        const serving = broker.acceptAndServe(BrokerID, services).subscribe();
        assert.equal(await firstValueFrom(greeter.GreetThrough({ Name: 'Bob', BrokerID })), `<Hello, Bob!>${i}`);
        serving.unsubscribe();
        const offered = await broker.dial(await firstValueFrom(greeter.Offer()));
        offered.destroy();
      }
    });

    test('a reader and a writer are passed by broker id', async () => {
      await using client = await start(autoMtls);
      const { probe, broker } = await client.dispense('probe');
      const [ReaderID, WriterID] = [broker.nextId(), broker.nextId()];
      const streams = Promise.all([firstValueFrom(broker.accept(ReaderID)), firstValueFrom(broker.accept(WriterID))]);
      const copied = firstValueFrom(probe.Copy({ ReaderID, WriterID }));
      const [reader, writer] = await streams;
      const data = randomBytes(1_500_000);
      reader.end(data);
      assert.equal((await all(writer)).equals(data), true);
      assert.deepEqual(await copied, { Bytes: data.length, Sha256: createHash('sha256').update(data).digest('hex') });
    });

    test('R-10 R-19 stdout arrives intact, up to the last byte before the end', async () => {
      const client = await start(autoMtls);
      const { probe } = await client.dispense('probe');
      const data = randomBytes(300_000);
      const chunks: Uint8Array[] = [];
      const got = new Promise<void>((resolve) => {
        client.syncStdout$.subscribe((chunk) => {
          chunks.push(chunk);
          if (Buffer.concat(chunks).length === data.length) resolve();
        });
      });
      await firstValueFrom(probe.Write({ Stream: 'STDOUT', Data: data, Times: 1 }));
      await within(10_000, 'all of stdout', got);
      await client.stop();
      assert.equal(Buffer.concat(chunks).equals(data), true);
      assert.equal(client.exited, true);
    });

    test('R-17 calls in flight fail when the plugin is killed', async () => {
      const client = await start(autoMtls);
      const { probe } = await client.dispense('probe');
      const pending = assert.rejects(firstValueFrom(probe.Wait('never')));
      const crashed = assert.rejects(firstValueFrom(probe.Crash({ Kind: 'KILL', ExitCode: 0, Message: '' })));
      await within(10_000, 'the failures', Promise.all([pending, crashed]));
      await client.stop();
    });
  });
}
