import assert from 'node:assert/strict';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  type GrpcObject,
  loadPackageDefinition,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { lastValueFrom, type Observable, of } from 'rxjs';
import { KVDefinition, ProbeDefinition } from '../../../examples/gen/kv.js';
import { fromGrpcJs, type GrpcHostOptions, type GrpcPluginOptions } from '../../../src/grpc.js';
import { grpcPlugin, implement, unimplemented } from '../../../src/index.js';
import { createPluginPair } from '../../../src/testing/index.js';
import { KV as EsKV, Probe as EsProbe } from '../../generators/gen/kv_pb.js';
import { currentEngine, test } from '../../support/engines.js';
import { rejection } from '../../support/rejection.js';

const file = fileURLToPath(new URL('../../../../proto/examples/kv.proto', import.meta.url));
const loaded = loadPackageDefinition(loadSync(file, { longs: String, oneofs: true }));
const { KV, Probe } = (loaded['kv'] as GrpcObject)['v1'] as unknown as Record<'KV' | 'Probe', ServiceClientConstructor>;
const loader = { kv: grpcPlugin(fromGrpcJs(KV.service)), probe: grpcPlugin(fromGrpcJs(Probe.service)) };
const tsProto = { kv: grpcPlugin(KVDefinition), probe: grpcPlugin(ProbeDefinition) };
const protobufEs = { kv: grpcPlugin(EsKV), probe: grpcPlugin(EsProbe) };

type Calls = Readonly<Record<string, (request: unknown) => Observable<unknown>>>;
type Plugins = typeof tsProto | typeof protobufEs | typeof loader;
const ENTRY = { name: 'a', value: new Uint8Array() };

/** What JavaScript may give: nothing of it fits the types. */
interface Handlers {
  readonly [method: string]: (...args: never[]) => unknown;
}

async function pairOf(
  plugins: Plugins,
  handlers: Handlers,
  options: { readonly host?: GrpcHostOptions; readonly serve?: GrpcPluginOptions },
) {
  const kv = { ...unimplemented(KVDefinition), ...handlers };
  const probe = { ...unimplemented(ProbeDefinition), ...handlers };
  const served = { kv: implement(tsProto.kv, kv as never), probe: implement(tsProto.probe, probe as never) };
  const pair = await createPluginPair(plugins as typeof tsProto, served, { grpcEngine: currentEngine, ...options });
  const call = async (of: 'kv' | 'probe', method: string, request: unknown) => {
    const { [method]: invoke } = (await pair.dispense(of)) as unknown as Calls;
    return lastValueFrom(invoke!(request));
  };
  return { call, [Symbol.asyncDispose]: () => pair.dispose() };
}

const TS_PROTO: readonly (readonly ['kv' | 'probe', string, unknown, string])[] = [
  ['kv', 'put', { key: 'a', vale: Uint8Array.of(1) }, 'there is no field `vale`: the message has `key`, `value`'],
  ['kv', 'put', { key: 5 }, 'the field `key` takes a string, got 5 (number)'],
  ['kv', 'put', { key: 'a', value: 'text' }, 'the field `value` takes a Uint8Array, got "text"'],
  ['kv', 'watch', { existing: 'yes' }, 'the field `existing` takes a boolean, got "yes"'],
  ['probe', 'fail', { code: '5' }, 'the field `code` takes a number, got "5"'],
  ['probe', 'fail', { code: 1.5 }, 'the field `code` cannot be sent: invalid uint32: 1.5'],
  ['probe', 'fail', { trailers: { name: 'a' } }, 'the field `trailers` takes an array, got an object'],
  [
    'probe',
    'fail',
    { trailers: [ENTRY, { nam: 'b' }] },
    'there is no field `trailers[1].nam`: the message has `name`, `value`',
  ],
  [
    'probe',
    'fail',
    { trailers: [ENTRY, { value: 1 }] },
    'the field `trailers[1].value` takes a Uint8Array, got 1 (number)',
  ],
  [
    'probe',
    'generate',
    { failure: { cod: 1 } },
    'there is no field `failure.cod`: the message has `code`, `message`, `trailers`',
  ],
  ['probe', 'generate', { failure: 'none' }, 'the field `failure` takes an object, got "none"'],
  ['probe', 'print', { stream: 'STDOUT' }, 'the field `stream` takes a number, got "STDOUT"'],
];

const SYNC: readonly (readonly [unknown, string])[] = [
  [
    { command: { $case: 'pot', put: {} } },
    'the field `command` would not be sent: it has no case "pot", or the value is not under that name',
  ],
  [
    { command: { $case: 'put', value: {} } },
    'the field `command` would not be sent: it has no case "put", or the value is not under that name',
  ],
  [
    { command: { $case: 'put', put: { kye: 'a' } } },
    'there is no field `command.put.kye`: the message has `key`, `value`',
  ],
  [
    { command: { $case: 'put', put: { value: 1 } } },
    'the field `command.put.value` takes a Uint8Array, got 1 (number)',
  ],
  [{ put: { key: 'a' } }, 'there is no field `put`: the message has `id`, `command`'],
];

test('a strict client refuses a request of ts-proto, and names the field', async () => {
  await using pair = await pairOf(tsProto, {}, { host: { strictMessages: true } });
  for (const [of, method, request, detail] of TS_PROTO) {
    const { message } = await rejection(pair.call(of, method, request));
    assert.match(message, /INTERNAL: The request could not be encoded: /);
    assert.equal(message.slice(message.indexOf('encoded: ') + 9), detail);
  }
});

test('each request of a stream is looked at, and oneofs are', async () => {
  await using pair = await pairOf(tsProto, { sync: () => of() }, { host: { strictMessages: true } });
  for (const [request, detail] of SYNC) {
    const { message } = await rejection(pair.call('kv', 'sync', of({ id: 1 }, request)));
    assert.equal(message.slice(message.indexOf('encoded: ') + 9), detail);
  }
});

test('a strict plugin refuses a response, and names the field', async () => {
  const handlers = {
    get: () => ({ valeu: Uint8Array.of(1) }),
    watch: () => of({ key: 'a' }, { key: 'b', revision: 1 }),
    describe: () => ({ environment: { HOME: 1 } }),
  };
  await using pair = await pairOf(tsProto, handlers, { serve: { strictMessages: true } });
  const details = await Promise.all(
    [pair.call('kv', 'get', {}), pair.call('kv', 'watch', {}), pair.call('probe', 'describe', {})].map(
      async (call) => (await rejection(call)).message.split('cannot be sent: ')[1],
    ),
  );
  assert.deepEqual(details, [
    'there is no field `valeu`: the message has `value`, `revision`.',
    'the field `revision` takes a bigint, got 1 (number).',
    'the field `environment.HOME` takes a string, got 1 (number).',
  ]);
});

test('a strict plugin with an interceptor does, too', async () => {
  const inBetween: ServerInterceptor = (_, call) => new ServerInterceptingCall(call);
  const serve: GrpcPluginOptions = { strictMessages: true, interceptors: [inBetween] };
  await using pair = await pairOf(tsProto, { get: () => ({ valeu: 1 }) }, { serve });
  const { message } = await rejection(pair.call('kv', 'get', {}));
  assert.match(message, /there is no field `valeu`: the message has `value`, `revision`\.$/);
});

test('what is right is sent: every kind of field, both ways', async () => {
  const handlers = {
    put: ({ key }: { key: string }) => ({ revision: BigInt(key.length) }),
    fail: () => ({}),
    describe: () => ({ pid: 1, environment: { HOME: '/', EMPTY: '' } }),
    sync: (request$: Observable<unknown>) => request$,
  };
  await using pair = await pairOf(tsProto, handlers, {
    host: { strictMessages: true },
    serve: { strictMessages: true },
  });
  assert.deepEqual(await pair.call('kv', 'put', { key: '', value: Buffer.from('1') }), { revision: 0n });
  assert.deepEqual(await pair.call('kv', 'put', { key: 'abc', value: null, nothing: undefined }), { revision: 3n });
  await pair.call('probe', 'fail', { code: 0, trailers: [ENTRY, { name: 'b' }] });
  const { environment } = (await pair.call('probe', 'describe', {})) as { readonly environment: unknown };
  assert.deepEqual(environment, { HOME: '/', EMPTY: '' });
  await pair.call('kv', 'sync', of({ id: 1, command: undefined }, { id: 2 }));
});

test('requests of protobuf-es', async () => {
  await using pair = await pairOf(protobufEs, { fail: () => ({}) }, { host: { strictMessages: true } });
  const mistakes: readonly (readonly ['kv' | 'probe', string, unknown, string])[] = [
    ['kv', 'put', { vale: 1 }, 'there is no field `vale`: the message has `key`, `value`'],
    ['kv', 'put', { key: 5 }, 'the field `key` takes a string, got 5 (number)'],
    ['kv', 'put', { value: 'text' }, 'the field `value` takes a Uint8Array, got "text"'],
    ['probe', 'fail', { trailers: ENTRY }, 'the field `trailers` takes an array, got an object'],
    [
      'probe',
      'fail',
      { trailers: [{ nam: 'a' }] },
      'there is no field `trailers[0].nam`: the message has `name`, `value`',
    ],
    ['probe', 'print', { stream: 'STDOUT' }, 'the field `stream` takes a number, got "STDOUT"'],
    ['probe', 'generate', { failure: [] }, 'the field `failure` takes an object, got an array'],
  ];
  for (const [of, method, request, detail] of mistakes)
    assert.match((await rejection(pair.call(of, method, request))).message, ending(detail));
  const commands: readonly (readonly [unknown, string])[] = [
    [{ case: 'pot', value: {} }, `the field \`command.case\` takes one of 'get', 'put', 'delete', got "pot"`],
    [{ case: 'put', value: { kye: 1 } }, 'there is no field `command.value.kye`: the message has `key`, `value`'],
    ['put', 'the field `command` takes an object with `case` and `value`, got "put"'],
  ];
  for (const [command, detail] of commands)
    assert.match((await rejection(pair.call('kv', 'sync', of({ command })))).message, ending(detail));
  await pair.call('probe', 'fail', { code: 1, trailers: [ENTRY] });
});

test('requests of proto-loader: names only, since it takes several types for a field', async () => {
  const handlers = { put: () => ({}), fail: () => ({}) };
  await using pair = await pairOf(loader, handlers, { host: { strictMessages: true } });
  const mistakes: readonly (readonly ['kv' | 'probe', string, unknown, string])[] = [
    ['kv', 'Put', { vale: 1 }, 'there is no field `vale`: the message has `key`, `value`'],
    ['probe', 'Fail', { trailers: [{ nam: 'a' }] }, 'there is no field `trailers[0].nam`'],
  ];
  for (const [of, method, request, detail] of mistakes)
    assert.match((await rejection(pair.call(of, method, request))).message, ending(detail));
  await pair.call('kv', 'Put', { key: 5, value: 'MQ==' });
  await pair.call('probe', 'Fail', { code: 0, message: '', trailers: [] });
});

test('without the option nothing is compared', async () => {
  await using pair = await pairOf(tsProto, { put: () => ({ revison: 1n }) }, {});
  assert.deepEqual(await pair.call('kv', 'put', { kye: 'a', key: 5 }), { revision: 0n });
});

test('RXPLUG_STRICT_MESSAGES turns it on for both ends, and the option off again', async () => {
  process.env['RXPLUG_STRICT_MESSAGES'] = '1';
  after(() => delete process.env['RXPLUG_STRICT_MESSAGES']);
  const handlers = { get: () => ({ valeu: 1 }) };
  {
    await using pair = await pairOf(tsProto, handlers, {});
    assert.match((await rejection(pair.call('kv', 'get', { kye: 'a' }))).message, /no field `kye`/);
    assert.match((await rejection(pair.call('kv', 'get', {}))).message, /no field `valeu`/);
  }
  const off = { strictMessages: false };
  await using pair = await pairOf(tsProto, handlers, { host: off, serve: off });
  await pair.call('kv', 'get', { kye: 'a' });
});

function ending(detail: string): RegExp {
  return new RegExp(`${detail.replaceAll(/[[\](){}.$|]/g, '\\$&')}$`);
}
