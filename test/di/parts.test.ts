import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Container, ContainerModule, injectable } from 'inversify';
import { firstValueFrom, map } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import {
  GRPC_CLIENT_PROTOCOL,
  HOST_NETWORK,
  type HostParts,
  injectPlugin,
  LOG_SINK,
  pluginClientToken,
  pluginHostModule,
  pluginToken,
  RUNNER,
} from '../../src/di/index.js';
import { grpcClientProtocol } from '../../src/grpc.js';
import {
  type ClientOfContract,
  commandRunner,
  createClient,
  type LogEntry,
  PluginError,
  type PluginImplementation,
  PluginService,
  serveTest,
} from '../../src/index.js';
import { dialerTo } from '../../src/transports/sockets/dial.js';
import { fixture } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';
import { awaitGone } from '../support/process-alive.js';

const command: [string, ...string[]] = [
  process.execPath,
  fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url)),
];
const options = { command, handshake, plugins };
const bytes = (text: string) => new TextEncoder().encode(text);

test("a user's module replaces the runner, the network and the log sink", async () => {
  const used: string[] = [];
  const entries: LogEntry[] = [];
  const network: HostParts['createNetwork'] = (translator) => ({
    pluginToHost: (address) => translator.pluginToHost(address),
    hostToPlugin: (address) => translator.hostToPlugin(address),
    listen: () => Promise.reject(new Error('not needed')),
    dialerTo: (address) => {
      used.push(`dial ${address.network}`);
      return dialerTo(address);
    },
  });
  const module = new ContainerModule(({ bind }) => {
    bind(RUNNER).toConstantValue((spec) => {
      used.push(`run ${spec.process?.command.length} words`);
      return Promise.resolve(commandRunner(spec));
    });
    bind(HOST_NETWORK).toConstantValue(network);
    bind(LOG_SINK).toConstantValue({ write: (entry) => void entries.push(entry) });
  });
  await using client = createClient({ ...options, modules: [module] });
  await client.start();
  const kv = await client.dispense('kv');
  await firstValueFrom(kv.put({ key: 'k', value: bytes('v') }));
  await client.stop();
  assert.deepEqual(used, ['run 2 words', 'dial unix']);
  assert.ok(entries.some((entry) => entry.message === 'stored' && entry.module === 'kv'));
});

test("a user's module replaces the listener and the protocol of a plugin", async () => {
  const cookie = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
  await using client = createClient({ command: fixture('own-parts'), handshake: cookie, plugins });
  const said: string[] = [];
  client.logs$.subscribe(({ message }) => said.push(message));
  const shaken = firstValueFrom(client.handshake$);
  await client.start();
  assert.match((await shaken).address.address, /^127\.0\.0\.2:\d+$/);
  const kv = await client.dispense('kv');
  await firstValueFrom(kv.put({ key: 'k', value: bytes('v') }));
  await client.stop();
  assert.ok(said.includes('own listener') && said.includes('own protocol'), said.join());
});

test('a plugin that does not answer Shutdown is killed once, after the grace', async () => {
  const module = new ContainerModule(({ bind }) => {
    bind(GRPC_CLIENT_PROTOCOL).toConstantValue(async (connection) => {
      const protocol = await grpcClientProtocol()(connection);
      return {
        name: 'grpc',
        dispense: (name) => protocol.dispense(name),
        ping: (pingOptions) => protocol.ping(pingOptions),
        shutdown: () => new Promise(() => {}),
        close: (because) => protocol.close(because),
      };
    });
  });
  const client = createClient({ ...options, modules: [module], stopGraceMs: 50 });
  await client.start();
  const exit = firstValueFrom(client.exit$);
  await within(10_000, 'the stop', client.stop());
  assert.deepEqual(await exit, { code: null, signal: 'SIGKILL' });
});

test('interceptors and defaults of calls come from the options', async () => {
  const paths: string[] = [];
  await using client = createClient({
    ...options,
    grpc: {
      interceptors: [
        (call, next) => {
          paths.push(call.path);
          return next(call).pipe(map((response) => response));
        },
      ],
    },
  });
  await client.start();
  const kv = await client.dispense('kv');
  await firstValueFrom(kv.put({ key: 'k', value: bytes('v') }));
  assert.deepEqual(paths, ['/kv.v1.KV/Put']);
});

@injectable()
class Importer {
  constructor(@injectPlugin('store') readonly kv: ClientOfContract<typeof plugins.kv>) {}
}

test('plugins are injected into an application, and stop with its container', async () => {
  const container = new Container();
  container.load(pluginHostModule({ store: { command, handshake, plugins: { kv: plugins.kv } } }));
  container.bind(Importer).toSelf();
  const importer = await container.getAsync(Importer);
  await firstValueFrom(importer.kv.put({ key: 'k', value: bytes('v') }));
  assert.equal(await container.getAsync(pluginToken('store.kv')), importer.kv);
  const client = container.get(pluginClientToken('store'));
  const pid = Number(client.id);
  await container.unbindAllAsync();
  assert.equal(client.exited, true);
  await awaitGone(pid);
});

test('a plugin that cannot be started does not keep the others of its container from stopping', async () => {
  const container = new Container();
  const missing = ['/nonexistent/plugin'] as const;
  container.load(pluginHostModule({ kv: options, bad: { command: missing, handshake, plugins: { kv: plugins.kv } } }));
  await container.getAsync(pluginToken('kv'));
  await assert.rejects(container.getAsync(pluginToken('bad')), { code: 'ERR_SPAWN' });
  const client = container.get(pluginClientToken('kv'));
  await container.unbindAllAsync();
  assert.equal(client.exited, true);
});

test('a class without the decorator is refused before anything is served', async () => {
  class Unmarked {}
  await assert.rejects(
    serveTest({ handshake, plugins: { kv: Unmarked } }),
    (error) => PluginError.is(error) && error.code === 'ERR_OPTIONS' && /Unmarked/.test(error.message),
  );
});

test('an object that is no service is refused by its name before anything is served', async () => {
  const bare = { get: () => ({}) } as unknown as PluginImplementation; // what a caller without types can pass
  await assert.rejects(
    serveTest({ handshake, plugins: { kv: bare } }),
    (error) =>
      PluginError.is(error) && error.code === 'ERR_OPTIONS' && /`kv`.*@PluginService.*implement/.test(error.message),
  );
});

test('a subclass of a decorated class has to be decorated itself', async () => {
  const { KvStore } = await import('../../examples/grpc-kv/kv-store.js');
  class Inherited extends KvStore {}
  await assert.rejects(serveTest({ handshake, plugins: { kv: Inherited } }), /Inherited is not marked/);
  PluginService(plugins.kv)(Inherited);
});
