import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Container, ContainerModule } from 'inversify';
import { filter, firstValueFrom } from 'rxjs';
import type { KVDefinition } from '../../examples/gen/kv.js';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import {
  GRPC_HOST_OPTIONS,
  injectPlugin,
  pluginHostModule,
  pluginToken,
  supervisedPluginToken,
} from '../../src/di/index.js';
import type { CallInterceptor } from '../../src/grpc.js';
import type { ClientOf } from '../../src/index.js';
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

function containerOf(...modules: ContainerModule[]): Container {
  const container = new Container();
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

/** The error is inversify's: nothing of ours is told that `get` was meant. docs/host.md names it. */
const CANNOT_WAIT = {
  message: `Unexpected asynchronous service when resolving service "${String(pluginToken('kv'))}"`,
};

test('without supervision get refuses, getAsync waits', async () => {
  const { supervision: _, ...plain } = options;
  const container = containerOf(pluginHostModule({ kv: plain }));
  assert.throws(() => container.get(pluginToken<Kv>('kv')), CANNOT_WAIT);
  const kv = await container.getAsync(pluginToken<Kv>('kv'));
  await firstValueFrom(kv.put({ key: 'a', value: new Uint8Array(1) }));
  await container.unbindAllAsync();
});

test('with versionedPlugins the first start decides: get refuses, getAsync waits', async () => {
  const { plugins: set, ...rest } = options;
  const container = containerOf(pluginHostModule({ kv: { ...rest, versionedPlugins: { 1: set } } }));
  assert.throws(() => container.get(pluginToken<Kv>('kv')), CANNOT_WAIT);
  const kv = await container.getAsync(pluginToken<Kv>('kv'));
  await firstValueFrom(kv.put({ key: 'a', value: new Uint8Array(1) }));
  await container.unbindAllAsync();
});
