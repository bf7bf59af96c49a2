import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Container, ContainerModule, type ContainerOptions, inject, type ServiceIdentifier } from 'inversify';
import { filter, firstValueFrom } from 'rxjs';
import type { KVDefinition } from '../../examples/gen/kv.js';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import {
  GRPC_HOST_OPTIONS,
  injectPlugin,
  LOG_SINK,
  pluginClientToken,
  pluginHostModule,
  pluginToken,
  supervisedPluginToken,
} from '../../src/di/index.js';
import type { CallInterceptor } from '../../src/grpc.js';
import { type ClientOf, type ClientOfContract, netRpcPlugin } from '../../src/index.js';
import { gob, method } from '../../src/net-rpc.js';
import { fixture } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';
import { awaitGone } from '../support/process-alive.js';

const command: [string, ...string[]] = [
  process.execPath,
  fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url)),
];
const options = { command, handshake, plugins: { kv: plugins.kv }, supervision: { start: 'lazy' as const } };
type Kv = ClientOf<typeof KVDefinition>;

class Importer {
  constructor(@injectPlugin('kv') readonly kv: Kv) {}

  async put(): Promise<bigint> {
    return (await firstValueFrom(this.kv.put({ key: 'a', value: new Uint8Array(1) }))).revision;
  }
}

function containerOf(options: ContainerOptions | ContainerModule, ...others: ContainerModule[]): Container {
  const [own, modules] = options instanceof ContainerModule ? [{}, [options, ...others]] : [options, others];
  const container = new Container(own);
  container.load(...modules);
  container.bind(Importer).toSelf();
  return container;
}

test('an injected client outlives a crash; get gives it at once, and starts nothing', async () => {
  const container = containerOf(pluginHostModule({ kv: options }));
  const importer = container.get(Importer);
  const plugin = container.get(supervisedPluginToken('kv'));
  assert.equal(plugin.state.status, 'idle');
  assert.equal(await importer.put(), 1n);
  const pid = Number(plugin.id);
  const stopped = firstValueFrom(plugin.events$.pipe(filter(({ type }) => type === 'stopped')));
  process.kill(pid, 'SIGKILL');
  await within(10_000, 'the stop', stopped);
  assert.equal(await importer.put(), 1n, 'a new process, with an empty store');
  assert.equal(await (await container.getAsync(Importer)).put(), 2n);
  assert.equal(container.get(Importer).kv, importer.kv);
  await container.unbindAllAsync();
  assert.equal(plugin.state.status, 'stopped');
  await awaitGone(pid);
});

test('over net/rpc get gives the client at once, too', async () => {
  const waiter = netRpcPlugin({ echo: method(gob.string, gob.string) });
  const own = {
    command: fixture('serves-netrpc'),
    handshake: { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' },
    plugins: { waiter },
    supervision: { start: 'lazy' as const },
  };
  const container = new Container();
  container.load(pluginHostModule({ own }));
  const client = container.get(pluginToken<ClientOfContract<typeof waiter>>('own'));
  const plugin = container.get(supervisedPluginToken('own'));
  assert.equal(plugin.state.status, 'idle');
  assert.equal(await firstValueFrom(client.echo('a')), 'a');
  await plugin.reload();
  assert.equal(await firstValueFrom(client.echo('b')), 'b');
  await container.unbindAllAsync();
});

test('several modules in a container are independent of each other', async () => {
  const first = pluginHostModule({ kv: options });
  const second = pluginHostModule({ other: { ...options, supervision: {} } });
  const container = containerOf(first, second);
  await container.get(Importer).put();
  const other = container.get(supervisedPluginToken('other'));
  await other.ready();
  await container.unloadAsync(first);
  assert.equal(other.state.status, 'ready');
  await firstValueFrom(container.get(pluginToken<Kv>('other')).put({ key: 'a', value: new Uint8Array(1) }));
  await container.unbindAllAsync();
  assert.equal(other.state.status, 'stopped');
});

test('interceptors that the container has bound see the calls', async () => {
  const seen: string[] = [];
  const note: CallInterceptor = (call, next) => {
    seen.push(call.path);
    return next(call);
  };
  const binding = new ContainerModule(
    ({ bind }) => void bind(GRPC_HOST_OPTIONS).toConstantValue({ interceptors: [note] }),
  );
  const container = containerOf(binding, pluginHostModule({ kv: options }));
  await container.get(Importer).put();
  assert.deepEqual(seen, ['/kv.v1.KV/Put']);
  await container.unbindAllAsync();
});

function refusedFor(why: string): object {
  return {
    name: 'OptionsError',
    message: `container.get cannot give the plugin \`kv\`: ${why}`,
  };
}

const NEEDS_A_START = refusedFor(
  'its client is there once its process has started. Take container.getAsync, which waits, ' +
    'or give the process the option `supervision`: its clients are there at once.',
);

for (const jitless of [true, false])
  test(`without supervision get refuses and starts nothing, getAsync waits (jitless: ${jitless})`, async () => {
    const { supervision: _, ...plain } = options;
    const container = containerOf({ jitless }, pluginHostModule({ kv: plain }));
    class Deep {
      constructor(@inject(Importer) readonly importer: Importer) {}
    }
    for (let depth = 0; depth < 10; depth++) {
      const below: ServiceIdentifier = depth === 0 ? Deep : `above ${depth - 1}`;
      container.bind(`above ${depth}`).toResolvedValue((value: unknown) => value, [below]);
    }
    container.bind(Deep).toSelf();
    for (const identifier of [pluginToken<Kv>('kv'), Importer, Deep, 'above 9'])
      assert.throws(() => container.get<unknown>(identifier), NEEDS_A_START);
    assert.throws(() => container.getAll(Importer), NEEDS_A_START);
    const { state$ } = container.get(pluginClientToken('kv'));
    assert.equal((await firstValueFrom(state$)).status, 'idle');
    const deep = await container.getAsync<Deep>('above 9');
    await deep.importer.put();
    assert.equal((await container.getAllAsync(Importer))[0]?.kv, deep.importer.kv);
    await container.unbindAllAsync();
  });

test('get of an object that waits for a plugin itself is not refused', async () => {
  const { supervision: _, ...plain } = options;
  const container = containerOf(pluginHostModule({ kv: plain }));
  container.bind('later').toDynamicValue((context) => ({ kv: context.getAsync(pluginToken<Kv>('kv')) }));
  const later = container.get<{ kv: Promise<Kv> }>('later');
  await firstValueFrom((await later.kv).put({ key: 'a', value: new Uint8Array(1) }));
  await container.unbindAllAsync();
});

test('where a part of the plugin is a Promise, get fails with the error of inversify', async () => {
  const { supervision: _, ...plain } = options;
  const part = new ContainerModule(({ bind }) => void bind(LOG_SINK).toDynamicValue(async () => ({ write: () => {} })));
  const container = containerOf(part, pluginHostModule({ kv: plain }));
  assert.throws(() => container.get(Importer), {
    message: 'Unexpected asynchronous service when resolving service "Importer"',
  });
  await (await container.getAsync(Importer)).put();
  await container.unbindAllAsync();
});

test('with versionedPlugins the first start decides: get refuses, getAsync waits', async () => {
  const { plugins: set, ...rest } = options;
  const container = containerOf(pluginHostModule({ kv: { ...rest, versionedPlugins: { 1: set } } }));
  assert.throws(
    () => container.get(pluginToken<Kv>('kv')),
    refusedFor(
      'what its client is depends on the first start, or on a definition that has to be loaded. Take container.getAsync, which waits.',
    ),
  );
  await (await container.getAsync(Importer)).put();
  await container.get(Importer).put();
  await container.unbindAllAsync();
});
