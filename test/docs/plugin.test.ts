import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { create } from '@bufbuild/protobuf';
import { loadPackageDefinition, type ServiceDefinition } from '@grpc/grpc-js';
import { load, type MethodDefinition } from '@grpc/proto-loader';
import { filter, firstValueFrom, lastValueFrom, reduce } from 'rxjs';
import {
  createClient,
  grpcPlugin,
  implement,
  type PluginClient,
  PluginService,
  type ServiceOf,
  unimplemented,
} from 'rxplug';
import { createGrpcClient, fromGrpcJs, GrpcError, Metadata, status } from 'rxplug/grpc';
import { createPluginPair } from 'rxplug/testing';
import { handshake, plugins } from '../../examples/basic/contract.js';
import { type GetRequest, KVDefinition } from '../../examples/gen/kv.js';
import { TickerDefinition } from '../../examples/gen/ticker.js';
import { GetResponseSchema, KV } from '../generators/gen/kv_pb.js';
import { ownTempDir } from '../support/own-temp-dir.js';

ownTempDir();

type Example =
  | 'plugins/by-object'
  | 'plugins/injection'
  | 'plugins/logging'
  | 'plugins/preparation'
  | 'plugins/errors'
  | 'plugins/metadata'
  | 'plugins/cancellation'
  | 'plugins/shutdown'
  | 'plugins/services'
  | 'plugins/tcp';
type Client = PluginClient<typeof plugins>;

const commandOf = (example: Example): [string, string] => [
  process.execPath,
  fileURLToPath(new URL(`../../examples/${example}.js`, import.meta.url)),
];
const clientOf = (example: Example) => createClient({ command: commandOf(example), handshake, plugins });

const greeterOf = async (client: Client) => {
  client.ref();
  await client.start();
  return client.dispense('greeter');
};

const textOf = (chunk$: Client['syncStdout$']) =>
  lastValueFrom(chunk$.pipe(reduce((all, chunk) => all + Buffer.from(chunk).toString(), '')));

test('examples/plugins/by-object greets', async () => {
  await using client = clientOf('plugins/by-object');
  const greeter = await greeterOf(client);
  assert.deepEqual(await firstValueFrom(greeter.greet({ name: 'Ada' })), { greeting: 'Hello Ada!' });
});

test('examples/plugins/injection: dependencies come from a module of the plugin', async () => {
  await using client = clientOf('plugins/injection');
  const greeter = await greeterOf(client);
  assert.deepEqual(await firstValueFrom(greeter.greet({ name: 'Ada' })), { greeting: 'Good day, Ada.' });
});

test('examples/plugins/logging: the host receives the log and the output', async () => {
  const client = clientOf('plugins/logging');
  const entry = firstValueFrom(client.logs$.pipe(filter(({ message }) => message === 'greeting')));
  const output = textOf(client.syncStdout$);
  const greeter = await greeterOf(client);
  await firstValueFrom(greeter.greet({ name: 'Ada' }));
  const { level, module, fields } = await entry;
  assert.deepEqual([level, module, fields['name']], ['info', 'greeter', 'Ada']);
  await client.stop();
  assert.equal(await output, 'somebody called Ada\n');
});

test('examples/plugins/preparation: what is printed while the plugin is prepared is captured', async () => {
  const client = clientOf('plugins/preparation');
  const entry = firstValueFrom(client.logs$.pipe(filter(({ message }) => message === 'the dictionary is open')));
  const output = textOf(client.syncStdout$);
  const greeter = await greeterOf(client);
  const { greeting } = await firstValueFrom(greeter.greet({ name: 'Ada' }));
  assert.deepEqual([greeting, (await entry).fields['versions']], ['Hello Ada!', [1]]);
  await client.stop();
  assert.equal(await output, 'the driver of the database is chatty\n');
});

test('examples/plugins/errors: the host receives status, text and metadata', async () => {
  await using client = clientOf('plugins/errors');
  const greeter = await greeterOf(client);
  await assert.rejects(firstValueFrom(greeter.greet({ name: '' })), (error) => {
    assert.ok(GrpcError.is(error));
    assert.deepEqual(
      [error.status, error.detail, error.metadata.get('field')],
      [status.INVALID_ARGUMENT, 'the name is empty', ['name']],
    );
    return true;
  });
});

test('examples/plugins/metadata: headers arrive before the response, trailers after it', async () => {
  await using client = clientOf('plugins/metadata');
  const greeter = await greeterOf(client);
  const seen: unknown[] = [];
  const metadata = new Metadata();
  metadata.set('language', 'fr');
  const answer$ = greeter.greet(
    { name: 'Ada' },
    {
      metadata,
      onHeaders: (headers) => seen.push(headers.get('language')),
      onTrailers: (trailers) => seen.push(trailers.get('greeted')),
    },
  );
  const { greeting } = await lastValueFrom(answer$);
  assert.deepEqual([greeting, seen], ['Bonjour Ada !', [['fr'], ['Ada']]]);
});

test('examples/plugins/cancellation: the signal of a cancelled call is aborted', async () => {
  await using client = clientOf('plugins/cancellation');
  const greeter = await greeterOf(client);
  const noticed = firstValueFrom(client.logs$.pipe(filter(({ message }) => message === 'the call was cancelled')));
  const call = firstValueFrom(greeter.greet({ name: 'Ada' }, { timeoutMs: 50 }));
  await assert.rejects(call, (error) => GrpcError.is(error) && error.status === status.DEADLINE_EXCEEDED);
  assert.equal((await noticed).fields['name'], 'Ada');
});

test('examples/plugins/shutdown: the hook runs, and the plugin exits by itself', async () => {
  const client = clientOf('plugins/shutdown');
  const output = textOf(client.syncStdout$);
  await client.start();
  await client.stop();
  assert.equal(await output, 'closing\n');
  assert.deepEqual(await firstValueFrom(client.exit$), { code: 0, signal: null });
});

test('examples/plugins/services: a second service is called over the same connection', async () => {
  // The host's contract for both services.
  const both = grpcPlugin({
    client: ({ channel }) => createGrpcClient(channel, TickerDefinition),
    serve: () => {},
  });
  await using client = createClient({ command: commandOf('plugins/services'), handshake, plugins: { greeter: both } });
  await client.start();
  const ticker = await client.dispense('greeter');
  const price = await firstValueFrom(ticker.prices({ symbols: ['AB'] }));
  assert.deepEqual(price, { symbol: 'AB', sequence: 0, value: 100 });
});

test('examples/plugins/tcp: listens on loopback, within the ports of the host', async () => {
  await using client = clientOf('plugins/tcp');
  await client.start();
  const { address } = await firstValueFrom(client.handshake$);
  assert.equal(address.network, 'tcp');
  assert.match(address.address, /^127\.0\.0\.1:\d+$/);
});

test('how do I leave methods out', async () => {
  const set = { kv: grpcPlugin(KVDefinition) };
  const values = new Map([['a', Buffer.from('1')]]);
  const valueOf = (key: string) => values.get(key) ?? Buffer.alloc(0);
  // #region unimplemented
  const object = implement(set.kv, {
    ...unimplemented(KVDefinition),
    get: ({ key }) => ({ value: valueOf(key) }),
  });

  @PluginService(KVDefinition)
  class ReadOnly extends unimplemented(KVDefinition) implements Partial<ServiceOf<typeof KVDefinition>> {
    get({ key }: GetRequest) {
      return { value: valueOf(key) };
    }
  }
  // #endregion unimplemented
  for (const kv of [object, ReadOnly]) {
    await using pair = await createPluginPair(set, { kv });
    const client = await pair.dispense('kv');
    assert.equal(String((await firstValueFrom(client.get({ key: 'a' }))).value), '1');
    await assert.rejects(firstValueFrom(client.put({})), { status: status.UNIMPLEMENTED });
  }
});

test('how do I use definitions of protobuf-es', async () => {
  // #region protobuf-es
  const plugins = { kv: grpcPlugin(KV) };

  const values = new Map<string, Uint8Array>();
  const kv = implement(plugins.kv, {
    ...unimplemented(KV),
    get: ({ key }) => create(GetResponseSchema, { value: values.get(key) ?? new Uint8Array() }),
    put: ({ key, value }) => {
      values.set(key, value);
      return { revision: 1n }; // what `create` takes is enough
    },
  });
  // #endregion protobuf-es
  await using pair = await createPluginPair(plugins, { kv });
  const client = await pair.dispense('kv');
  await firstValueFrom(client.put({ key: 'a', value: Buffer.from('1') }));
  assert.equal(String(Buffer.from((await firstValueFrom(client.get({ key: 'a' }))).value)), '1');
});

test('how do I use definitions of grpc-js', async () => {
  const file = fileURLToPath(new URL('../../../proto/examples/greeter.proto', import.meta.url));
  // #region proto-loader
  const { greeter } = loadPackageDefinition(await load(file)) as unknown as ProtoGrpcType;
  const plugins = { greeter: grpcPlugin(fromGrpcJs(greeter.v1.Greeter.service)) };
  const served = implement(plugins.greeter, { Greet: ({ name }: GreetRequest) => ({ greeting: `Hello ${name}!` }) });
  // #endregion proto-loader
  await using pair = await createPluginPair(plugins, { greeter: served });
  const client = await pair.dispense('greeter');
  assert.deepEqual(await firstValueFrom(client.Greet({ name: 'Ada' })), { greeting: 'Hello Ada!' });
});

/** As proto-loader-gen-types generates it. */
interface ProtoGrpcType {
  readonly greeter: { readonly v1: { readonly Greeter: { readonly service: GreeterService } } };
}
interface GreeterService extends ServiceDefinition {
  Greet: MethodDefinition<GreetRequest, { greeting?: string }, GreetRequest, { greeting: string }>;
}
interface GreetRequest {
  readonly name: string;
}
