import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { credentials, makeClientConstructor } from '@grpc/grpc-js';
import { firstValueFrom, lastValueFrom, map, of, retry, take, tap, throwError, timer, toArray } from 'rxjs';
import {
  type ClientOfContract,
  createClient,
  grpcPlugin,
  type PluginClient,
  promiseClient,
  type ServiceOf,
} from 'rxplug';
import { type CallInterceptor, createGrpcClient, createGrpcJsChannel, GrpcError, Metadata, status } from 'rxplug/grpc';
import { GetRequest, GetResponse, KVDefinition } from '../../examples/gen/kv.js';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { handshake as tickerHandshake, plugins as tickers } from '../../examples/streaming/contract.js';
import { ownTempDir } from '../support/own-temp-dir.js';

ownTempDir();
const example = (name: string) => fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url));
const pluginFile = example('grpc-kv/plugin');
const command: [string, ...string[]] = [process.execPath, pluginFile];
const bytes = (value: string) => new TextEncoder().encode(value);

/** Runs with a started client of the key-value store, and stops it. */
async function withClient(use: (client: PluginClient<typeof plugins>) => Promise<void>): Promise<void> {
  await using client = createClient({ command, handshake, plugins });
  await client.start();
  await use(client);
}

async function withStore(use: (kv: ClientOfContract<typeof plugins.kv>) => Promise<void>): Promise<void> {
  await withClient(async (client) => use(await client.dispense('kv')));
}

test('how do I call it', async () => {
  await withStore(async (kv) => {
    // #region call
    await firstValueFrom(kv.put({ key: 'planet/mars', value: bytes('red') }));
    const { value, revision } = await firstValueFrom(kv.get({ key: 'planet/mars' }));
    // #endregion call
    assert.deepEqual([Buffer.from(value).toString(), revision], ['red', 1n]);
  });
});

test('how do I find misspelt fields', async () => {
  const call = async () => {
    // #region strict
    await using client = createClient({ command, handshake, plugins, grpc: { strictMessages: true } });
    await client.start();
    const kv = await client.dispense('kv');
    // @ts-expect-error: the compiler tells
    await firstValueFrom(kv.put({ key: 'a', vale: bytes('1') }));
    // there is no field `vale`: the message has `key`, `value`
    // #endregion strict
  };
  await assert.rejects(call, /there is no field `vale`: the message has `key`, `value`$/);
});

test('how do I stream', async () => {
  await withStore(async (kv) => {
    const output: string[] = [];
    // #region streams
    const entries$ = of({ key: 'star/sun', value: bytes('yellow') }, { key: 'star/vega', value: bytes('white') });
    const { entries } = await firstValueFrom(kv.import(entries$));

    const keys = await lastValueFrom(
      kv.watch({ prefix: 'star/', existing: true }).pipe(
        map(({ key }) => key),
        take(2),
        toArray(),
      ),
    );
    output.push(`${entries} entries, ${keys.join(', ')}`);
    // #endregion streams
    assert.deepEqual(output, ['2 entries, star/sun, star/vega']);
  });
});

test('how do I cancel a call', async () => {
  await withStore(async (kv) => {
    const seen: string[] = [];
    // #region cancel
    const watching = kv.watch({ prefix: '' }).subscribe(({ key }) => seen.push(key));
    watching.unsubscribe();

    const signal = AbortSignal.timeout(50);
    const late = firstValueFrom(kv.watch({ prefix: '' }, { signal }));
    // #endregion cancel
    await assert.rejects(late, (error) => GrpcError.is(error) && error.status === status.CANCELLED);
    assert.deepEqual(seen, []);
  });
});

test('which options does a call have', async () => {
  await withStore(async (kv) => {
    // #region options
    const metadata = new Metadata();
    metadata.set('request-id', '17');
    await firstValueFrom(kv.put({ key: 'a', value: bytes('1') }, { metadata, timeoutMs: 5000 }));
    // #endregion options
  });
});

test('what happens when a call fails', async () => {
  await withStore(async (kv) => {
    const output: string[] = [];
    // #region call-error
    try {
      await firstValueFrom(kv.get({ key: 'planet/pluto' }));
    } catch (error) {
      if (!GrpcError.is(error) || error.status !== status.NOT_FOUND) throw error;
      output.push(error.detail);
    }
    // #endregion call-error
    assert.deepEqual(output, ['there is no entry for the key "planet/pluto"']);
  });
});

test('how do I use a client that was generated for grpc-js', async () => {
  const KVClient = makeClientConstructor(
    {
      get: {
        path: '/kv.v1.KV/Get',
        requestStream: false,
        responseStream: false,
        requestSerialize: (request: GetRequest) => Buffer.from(GetRequest.encode(request).finish()),
        requestDeserialize: (data: Buffer) => GetRequest.decode(data),
        responseSerialize: (response: GetResponse) => Buffer.from(GetResponse.encode(response).finish()),
        responseDeserialize: (data: Buffer) => GetResponse.decode(data),
      },
    },
    'kv.v1.KV',
  );
  // #region grpc-js
  const kvContract = grpcPlugin({
    client: ({ channel }) =>
      new KVClient('plugin', credentials.createInsecure(), { channelOverride: createGrpcJsChannel(channel) }),
    serve: (server, service: object) => server.addGrpcJsService(KVClient.service, { ...service }),
  });
  await using client = createClient({ command, handshake, plugins: { kv: kvContract } });
  // #endregion grpc-js
  await client.start();
  const kv = await client.dispense('kv');
  const error = await new Promise((resolve) => kv['get']!({ key: 'a' }, resolve));
  assert.ok(error instanceof Error && 'code' in error && error.code === status.NOT_FOUND);
});

test('how do I give the host another interface', async () => {
  // #region own-client
  const promisedKv = grpcPlugin({
    client: ({ channel, clientOptions }) => {
      const kv = createGrpcClient(channel, KVDefinition, clientOptions);
      return {
        put: async (key: string, value: Uint8Array) => (await firstValueFrom(kv.put({ key, value }))).revision,
      };
    },
    serve: (server, service: ServiceOf<typeof KVDefinition>) => server.addService(KVDefinition, service),
  });
  await using client = createClient({ command, handshake, plugins: { kv: promisedKv } });
  await client.start();
  const kv = await client.dispense('kv');
  const revision = await kv.put('a', bytes('1'));
  // #endregion own-client
  assert.equal(revision, 1n);
});

test('how do I use async and await instead of Observables', async () => {
  const output: string[] = [];
  // #region promises
  const promised = { kv: grpcPlugin(KVDefinition, { view: promiseClient }) }; // in the contract
  await using client = createClient({ command, handshake, plugins: promised });
  await client.start();
  const kv = await client.dispense('kv');

  await kv.put({ key: 'planet/mars', value: bytes('red') }, { timeoutMs: 5000 });
  const { entries } = await kv.import([
    { key: 'star/sun', value: bytes('yellow') },
    { key: 'star/vega', value: bytes('white') },
  ]);
  for await (const { key } of kv.watch({ prefix: 'star/', existing: true })) {
    output.push(key);
    if (output.length === entries) break; // cancels the call
  }
  // #endregion promises
  assert.deepEqual(output, ['star/sun', 'star/vega']);
});

test('how do I intercept calls', async () => {
  const output: string[] = [];
  // #region intercept
  const measured: CallInterceptor = (call, next) => {
    const begin = performance.now();
    return next(call).pipe(
      tap({ finalize: () => output.push(`${call.path} took ${(performance.now() - begin).toFixed(1)} ms`) }),
    );
  };
  const persistent: CallInterceptor = (call, next) =>
    next(call).pipe(
      retry({
        count: 3,
        delay: (error) =>
          GrpcError.is(error) && error.status === status.UNAVAILABLE ? timer(100) : throwError(() => error),
      }),
    );
  await using client = createClient({
    command,
    handshake,
    plugins,
    grpc: { interceptors: [measured, persistent], defaults: { timeoutMs: 10_000 } },
  });
  // #endregion intercept
  await client.start();
  const kv = await client.dispense('kv');
  await firstValueFrom(kv.put({ key: 'a', value: bytes('1') }));
  assert.match(output.join(), /^\/kv\.v1\.KV\/Put took [\d.]+ ms$/);
});

test('how do I read a stream slowly', async () => {
  await using client = createClient({
    command: [process.execPath, example('streaming/plugin')],
    handshake: tickerHandshake,
    plugins: tickers,
  });
  await client.start();
  const store = async (_price: unknown) => {};
  const ticker = await client.dispense('ticker');
  let count = 0;
  // #region readable
  for await (const price of ticker.prices.readable({ symbols: ['AB'] })) {
    await store(price);
    if (++count === 100) break;
  }
  // #endregion readable
  assert.equal(count, 100);
});
