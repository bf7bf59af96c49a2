import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test as nodeTest } from 'node:test';
import { create, isMessage } from '@bufbuild/protobuf';
import { inject } from 'inversify';
import { firstValueFrom, from, lastValueFrom, map, toArray } from 'rxjs';
import { KVDefinition } from '../../../../examples/gen/kv.js';
import { KvStore } from '../../../../examples/grpc-kv/kv-store.js';
import { LOGGER } from '../../../../src/di/index.js';
import { createGrpcClient, fromProtobufEs, status } from '../../../../src/grpc.js';
import {
  createClient,
  dualPlugin,
  grpcPlugin,
  implement,
  type Logger,
  netRpcPlugin,
  PluginService,
  promiseClient,
  type ServiceOf,
  unimplemented,
} from '../../../../src/index.js';
import { gob, method } from '../../../../src/net-rpc.js';
import { createGrpcConnection, createGrpcPair, createPluginPair } from '../../../../src/testing/index.js';
import { SILENT_LOGGER } from '../../../../src/wire/logs/logger.js';
import { goPlugin, needsGo } from '../../../conformance/peers.js';
import { type Change, type GetRequest, GetResponseSchema, KV, type PutRequest } from '../../../generators/gen/kv_pb.js';
import { Probe } from '../../../generators/gen/probe_pb.js';
import { currentEngine, test } from '../../../support/engines.js';
import { ownTempDir } from '../../../support/own-temp-dir.js';
import { rejection } from '../../../support/rejection.js';

ownTempDir();

const values = new Map<string, Uint8Array>();

/** The key-value store in messages of protobuf-es. */
@PluginService(KV)
class EsStore implements ServiceOf<typeof KV> {
  constructor(@inject(LOGGER) private readonly log: Logger = SILENT_LOGGER) {}

  get({ key }: GetRequest) {
    this.log.info('get', { key });
    return create(GetResponseSchema, { value: values.get(key) ?? new Uint8Array(), revision: 2n ** 63n });
  }

  put({ key, value }: PutRequest) {
    values.set(key, value);
    return { revision: 1n };
  }

  async *watch() {
    for (const [key, value] of values) yield { key, value } satisfies Partial<Change>;
    yield { key: 'deleted' };
  }

  async import(_: unknown, call: { readonly requests: AsyncIterable<PutRequest> }) {
    let entries = 0;
    for await (const request of call.requests) entries += this.put(request) === undefined ? 0 : 1;
    return { entries };
  }

  sync: ServiceOf<typeof KV>['sync'] = (request$) =>
    request$.pipe(
      map(({ id, command }) => {
        if (command.case === 'get') return { id, outcome: { case: 'get', value: { revision: BigInt(id) } } } as const;
        return { id, outcome: { case: 'failure', value: { code: 3, message: command.case ?? 'none' } } } as const;
      }),
    );
}

const es = { kv: grpcPlugin(KV) };
const proto = { kv: grpcPlugin(KVDefinition) };
const bytes = (text: string) => new TextEncoder().encode(text);
const entries = [
  { key: 'a', value: bytes('1') },
  { key: 'b', value: bytes('2') },
];

test('a host and a plugin speak in messages of protobuf-es, in all four kinds', async () => {
  values.clear();
  await using pair = await createPluginPair(es, { kv: EsStore }, { grpcEngine: currentEngine });
  const kv = await pair.dispense('kv');
  assert.equal((await firstValueFrom(kv.import(from(entries)))).entries, 2);
  const got = await firstValueFrom(kv.get({ key: 'a' }));
  assert.ok(isMessage(got, GetResponseSchema));
  assert.deepEqual([String(Buffer.from(got.value)), got.revision], ['1', 2n ** 63n]);
  const changes = await lastValueFrom(kv.watch({}).pipe(toArray()));
  assert.deepEqual(
    changes.map(({ key, value }) => [key, value === undefined ? undefined : String(Buffer.from(value))]),
    [
      ['a', '1'],
      ['b', '2'],
      ['deleted', undefined],
    ],
  );
  const commands = [{ id: 1, command: { case: 'get', value: { key: 'a' } } as const }, { id: 2 }];
  const answers = await lastValueFrom(kv.sync(commands).pipe(toArray()));
  assert.deepEqual(
    answers.map(({ id, outcome }) => [id, outcome.case]),
    [
      [1, 'get'],
      [2, 'failure'],
    ],
  );
});

test('each end may have its own generator', async () => {
  values.clear();
  const options = { grpcEngine: currentEngine };
  await using esHost = await createPluginPair(es, { kv: KvStore }, options);
  const kv = await esHost.dispense('kv');
  assert.equal((await firstValueFrom(kv.put(entries[0]!))).revision, 1n);
  assert.equal(String(Buffer.from((await firstValueFrom(kv.get({ key: 'a' }))).value)), '1');
  assert.equal((await rejection(kv.get({ key: 'nope' }))).status, status.NOT_FOUND);
  await using esPlugin = await createPluginPair(proto, { kv: EsStore }, options);
  const client = await esPlugin.dispense('kv');
  await firstValueFrom(client.put(entries[1]!));
  assert.deepEqual(await firstValueFrom(client.get({ key: 'b' })), { value: Buffer.from('2'), revision: 2n ** 63n });
});

test('views, partial services, pairs and dual contracts take such a service', async () => {
  const plugins = { kv: grpcPlugin(KV, { view: promiseClient }) };
  const served = implement(plugins.kv, { ...unimplemented(KV), put: () => ({ revision: 5n }) });
  await using pair = await createPluginPair(plugins, { kv: served }, { grpcEngine: currentEngine });
  const kv = await pair.dispense('kv');
  assert.equal((await kv.put({})).revision, 5n);
  const missing = await rejection(kv.get({}));
  assert.deepEqual(
    [missing.status, missing.detail],
    [status.UNIMPLEMENTED, 'The plugin does not implement /kv.v1.KV/Get.'],
  );
  await using single = await createGrpcPair(KV, new EsStore(), { grpcEngine: currentEngine });
  assert.equal((await firstValueFrom(single.client.put(entries[0]!))).revision, 1n);
  const netrpc = netRpcPlugin({ put: method(gob.string, gob.int) });
  const both = dualPlugin({ grpc: plugins.kv, netrpc, client: ({ protocol, client }) => ({ protocol, client }) });
  const service = implement(both, { grpc: new EsStore(), netrpc: { put: () => 1 } });
  await using dual = await createPluginPair({ both }, { both: service }, { protocol: 'grpc' });
  const spoken = await dual.dispense('both');
  assert.ok(spoken.protocol === 'grpc' && 'watch' in spoken.client);
  assert.equal((await spoken.client.put(entries[0]!)).revision, 1n);
});

test('clients and servers by themselves take what fromProtobufEs makes', async () => {
  const definition = await fromProtobufEs(KV);
  const options = { grpcEngine: currentEngine };
  await using connection = await createGrpcConnection(
    (server) => server.addService(definition, new EsStore()),
    options,
  );
  const client = createGrpcClient(connection.channel, definition);
  assert.equal((await firstValueFrom(client.put(entries[0]!))).revision, 1n);
});

test('a message that cannot be encoded fails its call, and no other', async () => {
  const service = {
    ...unimplemented(KV),
    put: () => ({ revision: 'much' as unknown as bigint }),
    get: () => ({ revision: 1n }),
  };
  await using pair = await createGrpcPair(KV, service, { grpcEngine: currentEngine });
  const wrong = await rejection(pair.client.put({ value: 5 as never }));
  assert.deepEqual([wrong.status, /could not be encoded/.test(wrong.detail)], [status.INTERNAL, true]);
  const response = await rejection(pair.client.put({}));
  assert.deepEqual([response.status, /cannot be sent/.test(response.detail)], [status.INTERNAL, true]);
  assert.equal((await firstValueFrom(pair.client.get({}))).revision, 1n);
});

nodeTest('fields that this end does not know are kept', async () => {
  const { requestType } = (await fromProtobufEs(KV)).methods.get;
  const received = Buffer.from('0a0161980607', 'hex');
  const message = requestType.decode(received);
  assert.equal(message.key, 'a');
  assert.deepEqual(Buffer.from(requestType.encode(requestType.fromPartial(message)).finish()), received);
});

nodeTest('a Go plugin is called in messages of protobuf-es', { ...needsGo(), timeout: 290_000 }, async () => {
  const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_CONFORMANCE', magicCookieValue: 'hello' };
  const plugins = { probe: grpcPlugin(Probe, { view: promiseClient }), ...es };
  await using client = createClient({ command: await goPlugin(), handshake, plugins });
  await client.start();
  const probe = await client.dispense('probe');
  assert.equal((await probe.echo({ number: 4_294_967_295 })).number, 4_294_967_295);
  assert.equal((await probe.consume(entries.map(({ value }) => ({ data: value })))).bytes, 2n);
  const numbers: number[] = [];
  for await (const { number } of probe.produce({ count: 5, size: 70_000 })) numbers.push(number);
  assert.deepEqual(numbers, [0, 1, 2, 3, 4]);
  const kv = await client.dispense('kv');
  assert.equal((await firstValueFrom(kv.put(entries[0]!))).revision, 1n);
  await client.stop();
});

/** Prints the runtime's main module when it is loaded. */
const HOOK = `export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  if (found.url.endsWith('/@bufbuild/protobuf/dist/esm/index.js')) process._rawDebug('loaded');
  return found;
}`;

function loadedBy(program: string): string {
  const register = `import { register } from 'node:module'; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(HOOK)}`)});`;
  const { status: code, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', register + program]);
  assert.equal(code, 0, String(stderr));
  return String(stderr).trim();
}

nodeTest('the runtime of protobuf-es is loaded for such a service, and for nothing else', () => {
  const entry = JSON.stringify(new URL('../../../../src/index.js', import.meta.url));
  const kv = JSON.stringify(new URL('../../../../examples/gen/kv.js', import.meta.url));
  const kvEs = JSON.stringify(new URL('../../../generators/gen/kv_pb.js', import.meta.url));
  const contract = `const { grpcPlugin } = await import(${entry});`;
  assert.equal(loadedBy(`${contract} grpcPlugin((await import(${kv})).KVDefinition);`), '');
  assert.equal(loadedBy(`${contract} grpcPlugin((await import(${kvEs})).KV);`), 'loaded');
});
