import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { ContainerModule } from 'inversify';
import { EMPTY, firstValueFrom, type Observable } from 'rxjs';
import { createClient, dualPlugin, grpcPlugin, implement, netRpcPlugin } from 'rxplug';
import { NETRPC_CLIENT_PROTOCOL } from 'rxplug/di';
import {
  BASIC_ERROR_NAME,
  BasicError,
  createTypedClient,
  type GobSchema,
  gob,
  method,
  netRpcClientProtocol,
  zeroValue,
} from 'rxplug/net-rpc';
import { createPluginPair } from 'rxplug/testing';
import { createGobDecoder, createGobEncoder } from 'rxplug/wire';
import { KVDefinition } from '../../examples/gen/kv.js';
import { fixture } from '../fixtures/fixture.js';
import { connectHost, startPlugin } from '../protocols/netrpc/conversation.js';
import { read } from './repository.js';

const plugins = { counter: netRpcPlugin({ add: method(gob.int, gob.int), reset: method(gob.empty, gob.empty) }) };
const value = Uint8Array.of(1);
const kvMethods = { get: () => ({}), watch: () => EMPTY, import: () => ({}), sync: () => EMPTY };

function roundTrip<T>(schema: GobSchema<T>, value: T): T | undefined {
  const decoder = createGobDecoder();
  decoder.push(createGobEncoder().encode(schema, value));
  return decoder.next(schema);
}

test('how do I describe a recursive type', () => {
  // #region recursive
  interface List {
    Value: number;
    Next: List | null;
  }
  const List: GobSchema<List> = gob.struct('List', {
    Value: gob.int,
    Next: gob.pointer(gob.lazy(() => List)),
  });
  // #endregion recursive
  const list = { Value: 1, Next: { Value: 2, Next: null } };
  assert.deepEqual(roundTrip(List, list), list);
});

test('how do I send an interface', () => {
  // #region interface
  const Point = gob.struct('Point', { X: gob.int, Y: gob.int });
  const registry = gob.registry({
    // gob.Register(shapes.Point{}) in Go; in the program's main package it is main.Point.
    'example.com/shapes.Point': Point,
    // gob.Register(&plugin.BasicError{})
    [BASIC_ERROR_NAME]: BasicError,
  });
  const Shape = gob.struct('Shape', { Where: gob.interface(registry) });
  // #endregion interface
  // #region interface-value
  const shape = { Where: { type: 'example.com/shapes.Point' as const, value: { X: 1, Y: 2 } } };
  // #endregion interface-value
  assert.deepEqual(roundTrip(Shape, shape), shape);
  assert.deepEqual(roundTrip(Shape, { Where: { type: 'int32', value: 7 } }), { Where: { type: 'int32', value: 7 } });
});

test('how do I send map[string]interface{}', () => {
  // #region any
  const Settings = gob.map(gob.string, gob.any);
  const settings = { name: 'a', size: 12, ratio: 0.5, tags: ['x', 'y'], nothing: null };
  // #endregion any
  const back = roundTrip(Settings, settings);
  assert.deepEqual({ ...back }, settings);
});

test('how do I read a type that encodes itself', () => {
  // #region opaque
  const BigInteger = gob.opaque<bigint>('Int', 'gob', {
    // big.Int: a byte of version and sign, then the absolute value, big endian.
    decode: (bytes) => {
      const absolute = BigInt(`0x0${Buffer.from(bytes.subarray(1)).toString('hex')}`);
      return (bytes[0] ?? 0) % 2 === 1 ? -absolute : absolute;
    },
    encode: (value) => {
      const digits = (value < 0n ? -value : value).toString(16);
      const even = digits.padStart(digits.length + (digits.length % 2), '0');
      return new Uint8Array([value < 0n ? 3 : 2, ...Buffer.from(even, 'hex')]);
    },
    zero: () => 0n,
  });
  // #endregion opaque
  for (const value of [0n, 1n, -1n, 2n ** 100n, -(2n ** 64n)]) assert.equal(roundTrip(BigInteger, value), value);
});

test('how do I make a large argument', () => {
  const Post = gob.struct('Post', { Id: gob.string, Message: gob.string, Tags: gob.slice(gob.string), Pins: gob.int });
  // #region zero
  const post = { ...zeroValue(Post), Message: 'only this is set' };
  // #endregion zero
  assert.deepEqual(roundTrip(Post, post), { Id: '', Message: 'only this is set', Tags: [], Pins: 0 });
});

test('how do I read gob without a schema', () => {
  const received = createGobEncoder().encode(gob.struct('T', { A: gob.int, B: gob.slice(gob.string) }), {
    A: 1,
    B: ['x'],
  });
  // #region schemaless
  const decoder = createGobDecoder();
  decoder.push(received);
  const value = decoder.next(); // { A: 1, B: ['x'] }; undefined until a value is complete
  // #endregion schemaless
  assert.deepEqual({ ...(value as object) }, { A: 1, B: ['x'] });
});

test('how do I pass a stream', async () => {
  const methods = { count: method(gob.uint32, gob.int) };
  const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
  const plugins = { waiter: netRpcPlugin(methods) };
  await using client = createClient({ command: fixture('serves-netrpc'), handshake, plugins });
  await client.start();
  const files = await client.dispense('waiter');
  const content = Readable.from([Buffer.alloc(100_000), Buffer.alloc(23)]);
  // #region stream
  const { muxBroker } = client;
  const id = muxBroker.nextId();
  const accepted = firstValueFrom(muxBroker.accept(id));
  const counted = firstValueFrom(files.count(id)); // the plugin: (await call.broker.dial(id)) …
  await pipeline(content, await accepted);
  const bytes = await counted;
  // #endregion stream
  assert.equal(bytes, 100_023);
});

test('how do I pass a stream without telling anybody about ids', async () => {
  // #region stream-contract
  const methods = { upload: method(gob.uint32, gob.int) };

  const files = netRpcPlugin({
    client: ({ rpc, broker }) => {
      const client = createTypedClient(rpc, 'Plugin', methods);
      return {
        async upload(content: Readable): Promise<number> {
          const id = broker.nextId();
          const accepted = firstValueFrom(broker.accept(id));
          const size = firstValueFrom(client.upload(id));
          await pipeline(content, await accepted);
          return size;
        },
      };
    },
    serve: (service: { save(content: Readable): Promise<number> }, { broker }) =>
      new Map([['Upload', { ...methods.upload, handle: async (id) => service.save(await broker.dial(id as number)) }]]),
  });
  // #endregion stream-contract
  const service = {
    async save(content: Readable) {
      let size = 0;
      for await (const chunk of content as AsyncIterable<Buffer>) size += chunk.length;
      return size;
    },
  };
  const plugin = await startPlugin({ files: implement(files, service) });
  const host = await connectHost(plugin.dialer, { files });
  const client = (await host.protocol.dispense('files')) as { upload(content: Readable): Promise<number> };
  assert.equal(await client.upload(Readable.from([Buffer.alloc(100_000), Buffer.alloc(23)])), 100_023);
  await host.protocol.close();
  await plugin.serving.close();
});

test('how do I write the plugin as an object', async () => {
  // #region object
  const counters = implement(plugins.counter, ({ logger }) => {
    let count = 0;
    return {
      add: (n) => {
        logger.debug('adding', { n });
        return (count += n);
      },
      reset: () => {
        count = 0;
      },
    };
  });
  // #endregion object
  await using pair = await createPluginPair(plugins, { counter: counters });
  const counter = await pair.dispense('counter');
  assert.equal(await firstValueFrom(counter.add(2)), 2);
  assert.equal(await firstValueFrom(counter.add(3)), 5);
  await firstValueFrom(counter.reset());
  assert.equal(await firstValueFrom(counter.add(1)), 1);
});

test('how do I speak both protocols', async () => {
  const Put = gob.struct('Put', { Key: gob.string, Value: gob.bytes });
  // #region dual
  const kv = dualPlugin({
    grpc: grpcPlugin(KVDefinition),
    netrpc: netRpcPlugin({ put: method(Put, gob.int) }),
  });
  // #endregion dual
  const grpcService = { ...kvMethods, put: () => ({ revision: 1n }) };
  for (const protocol of ['grpc', 'netrpc'] as const) {
    const service = implement(kv, { grpc: grpcService, netrpc: { put: () => 1 } });
    await using client = await createPluginPair({ kv }, { kv: service }, { protocol });
    // #region dual-host
    const spoken = await client.dispense('kv');
    if (spoken.protocol === 'grpc') {
      await firstValueFrom(spoken.client.put({ key: 'a', value }));
    } else {
      await firstValueFrom(spoken.client.put({ Key: 'a', Value: value }));
    }
    // #endregion dual-host
    assert.equal(spoken.protocol, protocol);
  }
});

test('how do I give both clients one interface', async () => {
  const Put = gob.struct('Put', { Key: gob.string, Value: gob.bytes });
  const [grpc, netrpc] = [grpcPlugin(KVDefinition), netRpcPlugin({ put: method(Put, gob.int) })];
  // #region dual-client
  interface Kv {
    put(key: string, value: Uint8Array): Observable<unknown>;
  }
  const kv = dualPlugin({
    grpc,
    netrpc,
    client: (spoken): Kv => ({
      put: (key, value) =>
        spoken.protocol === 'grpc' ? spoken.client.put({ key, value }) : spoken.client.put({ Key: key, Value: value }),
    }),
  });
  // #endregion dual-client
  const grpcService = { ...kvMethods, put: () => ({ revision: 7n }) };
  const replies: unknown[] = [];
  for (const protocol of ['grpc', 'netrpc'] as const) {
    const service = implement(kv, { grpc: grpcService, netrpc: { put: () => 7 } });
    await using pair = await createPluginPair({ kv }, { kv: service }, { protocol });
    replies.push(await firstValueFrom((await pair.dispense('kv')).put('a', value)));
  }
  assert.deepEqual(replies, [{ revision: 7n }, 7]);
});

test('docs/net-rpc.md has a row for every member of gob, and no other', () => {
  const rows = read('docs/net-rpc.md').split('\n');
  const named = rows.flatMap((row) =>
    row.startsWith('| `gob.') ? [...row.split('|')[1]!.matchAll(/`gob\.(\w+)/g)] : [],
  );
  assert.deepEqual(
    named.map(([, name]) => name).sort((a, b) => (a! < b! ? -1 : 1)),
    Object.keys(gob).sort(),
  );
});

test('how do I let the host ping a plugin', async () => {
  const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
  const command = fixture('computes', 'netrpc');
  // #region keep-alive
  const pinging = new ContainerModule(({ bind }) => {
    bind(NETRPC_CLIENT_PROTOCOL).toConstantValue(netRpcClientProtocol({ yamux: { keepAlive: true } }));
  });
  const client = createClient({ command, handshake, plugins, modules: [pinging] });
  // #endregion keep-alive
  await client.start();
  await client.ping();
  await client.stop();
});
