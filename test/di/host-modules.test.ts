import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Container, ContainerModule } from 'inversify';
import { firstValueFrom } from 'rxjs';
import type { KVDefinition } from '../../examples/gen/kv.js';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import {
  GRPC_CLIENT_PROTOCOL,
  GRPC_ENGINE,
  GRPC_HOST_OPTIONS,
  injectPlugin,
  LOG_SINK,
  pluginClientToken,
  pluginHostModule,
  pluginToken,
  supervisedPluginToken,
} from '../../src/di/index.js';
import { type CallInterceptor, type GrpcHostOptions, grpcClientProtocol } from '../../src/grpc.js';
import { type ClientOf, createClient, type OptionsError } from '../../src/index.js';

const command: [string, ...string[]] = [
  process.execPath,
  fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url)),
];
const options = { command, handshake, plugins: { kv: plugins.kv } };
type Kv = ClientOf<typeof KVDefinition>;

/** gRPC options whose clients note their calls. */
function noting(calls: string[], name: string): GrpcHostOptions {
  const interceptor: CallInterceptor = (call, next) => {
    calls.push(`${name} ${call.path}`);
    return next(call);
  };
  return { interceptors: [interceptor] };
}

const binding = (grpc: GrpcHostOptions) =>
  new ContainerModule(({ bind }) => {
    bind(GRPC_HOST_OPTIONS).toConstantValue(grpc);
    bind(GRPC_ENGINE).toConstantValue('grpc-js');
  });

async function put(kv: Kv): Promise<void> {
  await firstValueFrom(kv.put({ key: 'k', value: new Uint8Array(1) }));
}

test('unloading a module stops its own plugins only', async () => {
  const container = new Container();
  const first = pluginHostModule({ first: options });
  const second = pluginHostModule({ second: options });
  container.load(first, second);
  await container.getAsync(pluginToken<Kv>('first'));
  const stopped = container.get(pluginClientToken('first'));
  await container.unloadAsync(first);
  assert.equal(stopped.exited, true);
  await put(await container.getAsync(pluginToken<Kv>('second')));
  container.load(first);
  await put(await container.getAsync(pluginToken<Kv>('first')));
  await container.unbindAllAsync();
});

test('a part may be bound after the module was loaded', async () => {
  const messages: string[] = [];
  const container = new Container();
  container.load(pluginHostModule({ kv: options }));
  container.bind(LOG_SINK).toConstantValue({ write: ({ message }) => void messages.push(message) });
  await put(await container.getAsync(pluginToken<Kv>('kv')));
  await container.unbindAllAsync();
  assert.ok(messages.includes('stored'), messages.join());
});

test('an option wins over what a module binds for the same thing', async () => {
  const calls: string[] = [];
  const grpc = noting(calls, 'option');
  const modules = [binding(noting(calls, 'module'))];
  await using client = createClient({ ...options, modules, grpc, grpcEngine: 'native' });
  await client.start();
  await put(await client.dispense('kv'));
  const container = new Container();
  container.load(...modules, pluginHostModule({ own: { ...options, grpc }, common: options }));
  for (const name of ['own', 'common']) await put(await container.getAsync(pluginToken<Kv>(name)));
  await container.unbindAllAsync();
  assert.deepEqual(
    calls,
    ['option', 'option', 'module'].map((name) => `${name} /kv.v1.KV/Put`),
  );
});

test('options that a bound protocol would ignore are refused', async () => {
  const own = new ContainerModule(({ bind }) => void bind(GRPC_CLIENT_PROTOCOL).toConstantValue(grpcClientProtocol()));
  for (const unused of [{ grpc: {} }, { grpcEngine: 'native' }] as const) {
    const refusal = { code: 'ERR_OPTIONS', message: /beside a binding of GRPC_CLIENT_PROTOCOL/ };
    await assert.rejects(createClient({ ...options, ...unused, modules: [own] }).start(), refusal);
    const container = new Container();
    container.load(own, pluginHostModule({ kv: { ...options, ...unused } }));
    await assert.rejects(container.getAsync(pluginToken('kv')), refusal);
  }
});

test('get of a plugin that is not started throws, and leaves no rejection that nobody handles', async () => {
  const container = new Container();
  container.load(pluginHostModule({ store: options }));
  assert.throws(() => container.get(pluginToken<Kv>('store')), {
    code: 'ERR_OPTIONS',
    message: /Take container.getAsync/,
  });
  const client = container.get(pluginClientToken('store'));
  assert.equal(client.exited, false);
  await container.unbindAllAsync();
  assert.equal(client.exited, true);
});

test('a misspelt name of @injectPlugin is told the known ones', async () => {
  class Wrong {
    constructor(@injectPlugin('stroe') readonly kv: Kv) {}
  }
  const container = new Container();
  container.bind(Wrong).toSelf();
  const { message, code } = await container.getAsync(Wrong).then(
    () => assert.fail('it was made'),
    (error: OptionsError) => error,
  );
  assert.equal(code, 'ERR_OPTIONS');
  assert.match(message, /^There is no plugin `stroe` for @injectPlugin\. Bound are .*`first`/);
  container.bind(pluginToken('stroe')).toConstantValue(1);
  assert.equal((await container.getAsync(Wrong)).kv, 1);
});

test('what is no set of processes, and what is no name, is told at once', () => {
  const refused: [() => unknown, RegExp][] = [
    [() => pluginHostModule(undefined as never), /processes of pluginHostModule as an object, .*, got undefined\.$/],
    [() => pluginHostModule([options] as never), /got an array\.$/],
    [() => pluginHostModule({ '': options }), /name of a plugin for a process of pluginHostModule, .*, got ""\.$/],
    [() => pluginHostModule({ kv: { ...options, comand: 1 } as never }), /Did you mean `command`\?$/],
    [() => pluginToken(undefined as never), /for pluginToken, which is a text, got undefined\.$/],
    [() => pluginClientToken(3 as never), /for pluginClientToken, which is a text, got 3 \(number\)\.$/],
    [() => supervisedPluginToken(''), /for supervisedPluginToken, which is a text, got ""\.$/],
    [() => injectPlugin(null as never), /for @injectPlugin, which is a text, got null\.$/],
  ];
  for (const [call, message] of refused) assert.throws(call, { name: 'OptionsError', message });
});
