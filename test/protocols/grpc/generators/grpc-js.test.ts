import assert from 'node:assert/strict';
import { test as nodeTest } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { firstValueFrom, lastValueFrom, type Observable, of, toArray } from 'rxjs';
import { KVDefinition } from '../../../../examples/gen/kv.js';
import { KvStore } from '../../../../examples/grpc-kv/kv-store.js';
import { fromGrpcJs, status } from '../../../../src/grpc.js';
import { grpcPlugin, implement, OptionsError, promiseClient, unimplemented } from '../../../../src/index.js';
import { createGrpcPair, createPluginPair } from '../../../../src/testing/index.js';
import { currentEngine, test } from '../../../support/engines.js';
import { rejection } from '../../../support/rejection.js';

const file = fileURLToPath(new URL('../../../../../proto/examples/kv.proto', import.meta.url));
const loaded = loadPackageDefinition(loadSync(file, { longs: String, oneofs: true, defaults: true }));
const { KV } = (loaded['kv'] as GrpcObject)['v1'] as unknown as { KV: ServiceClientConstructor };
const definition = fromGrpcJs(KV.service);
const plugins = { kv: grpcPlugin(definition) };

type Calls = Readonly<Record<string, (request: unknown) => Observable<Record<string, unknown>>>>;

test('a host with a definition of proto-loader calls every kind of method', async () => {
  await using pair = await createPluginPair(plugins, { kv: KvStore }, { grpcEngine: currentEngine });
  const kv = (await pair.dispense('kv')) as unknown as Calls;
  assert.deepEqual(Object.keys(kv).sort(), ['Get', 'Import', 'Put', 'Sync', 'Watch']);
  assert.deepEqual(await firstValueFrom(kv['Put']!({ key: 'a', value: Buffer.from('1') })), { revision: '1' });
  const got = await firstValueFrom(kv['Get']!({ key: 'a' }));
  assert.ok(Buffer.isBuffer(got['value']));
  assert.equal(String(got['value']), '1');
  const imported = await firstValueFrom(kv['Import']!(of({ key: 'b', value: Buffer.from('2') })));
  assert.deepEqual(imported, { entries: 1, bytes: '1' });
  assert.equal((await firstValueFrom(kv['Watch']!({ existing: true })))['key'], 'a');
  const [answer] = await lastValueFrom(kv['Sync']!([{ id: 1, delete: 'a' }]).pipe(toArray()));
  assert.deepEqual([answer?.['outcome'], answer?.['deleted']], ['deleted', true]);
  assert.equal((await rejection(kv['Get']!({ key: 'nope' }))).status, status.NOT_FOUND);
});

test('a plugin with a definition of proto-loader answers, and may leave methods out', async () => {
  const service = { ...unimplemented(definition), Get: ({ key }: { key: string }) => ({ value: Buffer.from(key) }) };
  const served = { kv: implement(plugins.kv, service as never) };
  await using pair = await createPluginPair({ kv: grpcPlugin(KVDefinition) }, served, { grpcEngine: currentEngine });
  const kv = await pair.dispense('kv');
  assert.equal(String((await firstValueFrom(kv.get({ key: 'abc' }))).value), 'abc');
  const error = await rejection(kv.put({}));
  assert.deepEqual(
    [error.status, error.detail],
    [status.UNIMPLEMENTED, 'The plugin does not implement /kv.v1.KV/Put.'],
  );
});

nodeTest('the Promise form knows streams at run time', async () => {
  await using pair = await createGrpcPair(grpcPlugin(definition, { view: promiseClient }), {
    ...unimplemented(definition),
    Watch: () => of({ key: 'a' }, { key: 'b' }),
  } as never);
  const watch = Reflect.get(pair.client, 'Watch') as (request: object) => AsyncIterable<{ key: string }>;
  const keys: string[] = [];
  for await (const { key } of watch({})) keys.push(key);
  assert.deepEqual(keys, ['a', 'b']);
});

const [get, watch] = [KV.service['Get']!, KV.service['Watch']!];
const WRONG: Readonly<Record<string, unknown>> = {
  nothing: undefined,
  'an empty object': {},
  'a client class': KV,
  'a definition of ts-proto': KVDefinition,
  'methods of two services': { get, watch: { ...watch, path: '/kv.v2.KV/Watch' } },
  'a method without a serializer': { get: { ...get, requestSerialize: undefined } },
  'a path without a service': { get: { ...get, path: 'Get' } },
};

for (const [what, wrong] of Object.entries(WRONG)) {
  nodeTest(`fromGrpcJs refuses ${what}`, () => {
    assert.throws(
      () => fromGrpcJs(wrong as never),
      (error) => error instanceof OptionsError && error.message.startsWith('Expected a definition for grpc-js'),
    );
  });
}
