/** The option `manifest`: which plugin runs, and what its manifest and its host have to agree on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Container } from 'inversify';
import { filter, firstValueFrom, map, NEVER, switchMap, toArray } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { pluginClientToken, pluginHostModule } from '../../src/di/index.js';
import { type ClientOptions, createClient, launch, OptionsError, PluginError, processRunner } from '../../src/index.js';
import { type PluginManifest, parsePluginManifest } from '../../src/manifest.js';
import { supervise } from '../../src/supervise.js';
import { fixture } from '../fixtures/fixture.js';
import * as dual from '../protocols/dual/kv.js';
import { within } from '../support/defer.js';
import { rejection } from '../support/rejection.js';

const script = fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url));
const command = [process.execPath, script] as const;
const options = { command, handshake, plugins };
const manifest = parsePluginManifest({
  manifestVersion: 1,
  name: 'acme/kv',
  version: '1.4.2',
  handshake: { cookieKey: handshake.magicCookieKey, cookieValue: handshake.magicCookieValue, protocolVersions: [1] },
  protocols: ['grpc'],
});
const acme = { name: 'acme/kv', version: '1.4.2' };

const failure = async (promise: Promise<unknown>): Promise<PluginError> => {
  const error: unknown = await promise.then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  );
  return PluginError.is(error) ? error : assert.fail(String(error));
};

test('the name is the option, else the key in pluginHostModule, else the manifest’s, else the program’s', async () => {
  const runner = ({ env }: { env: Readonly<Record<string, string>> }) =>
    Object.assign(processRunner({ command, env }), { name: 'registry/kv:1' });
  assert.deepEqual(createClient({ ...options, name: 'store', manifest }).plugin, { name: 'store', version: '1.4.2' });
  assert.deepEqual(createClient({ ...options, manifest }).plugin, acme);
  assert.deepEqual(createClient({ runner, handshake, plugins, manifest }).plugin, acme);
  assert.deepEqual(createClient(options).plugin, { name: 'plugin' });
  const container = new Container();
  container.load(pluginHostModule({ kv: { ...options, manifest } }));
  assert.deepEqual(container.get(pluginClientToken('kv')).plugin, { name: 'kv', version: '1.4.2' });
  await container.unbindAllAsync();
});

test('states, log sinks, the remark of the start and errors carry the version', async () => {
  const seen = new Set<string | undefined>();
  const client = createClient({ ...options, manifest, logSink: { write: (_, { version }) => void seen.add(version) } });
  const states = firstValueFrom(client.state$.pipe(toArray()));
  const ready = firstValueFrom(client.logs$.pipe(filter(({ message }) => message === 'the plugin is ready')));
  await client.start();
  const kv = await client.dispense('kv');
  const missing = await rejection(kv.get({ key: 'missing' }));
  await client.stop();
  assert.deepEqual(new Set((await states).map(({ version }) => version)), new Set(['1.4.2']));
  assert.deepEqual(seen, new Set(['1.4.2']));
  assert.equal((await ready).fields['version'], '1.4.2');
  assert.deepEqual(missing.details, { plugin: 'acme/kv', version: '1.4.2' });
  assert.equal((await failure(client.ping())).details.version, '1.4.2');
});

test('an error of a call over net/rpc carries the version', async () => {
  const { name, version } = acme;
  const client = createClient({
    command: fixture('fails-in-calls', 'netrpc'),
    handshake: dual.handshake,
    plugins: { kv: dual.unified },
    manifest: { manifestVersion: 1, name, version },
  });
  await client.start();
  const error = await failure((await client.dispense('kv')).get('throws'));
  await client.stop();
  assert.deepEqual(error.details, { plugin: name, version, method: 'Plugin.Get' });
});

test('a failed start, a crash, and a launch that ends carry the version', async () => {
  const bare = { ...options, handshake: { ...handshake, magicCookieKey: 'RXPLUG_TEST' } };
  const { name, version } = acme;
  const unbound: PluginManifest = { manifestVersion: 1, name, version };
  const failed = await failure(createClient({ ...bare, command: fixture('exits-at-once'), manifest: unbound }).start());
  assert.deepEqual([failed.details.plugin, failed.details.version], [name, version]);
  const kill = ({ id }: { readonly id: string }) => {
    process.kill(Number(id), 'SIGKILL');
    return NEVER;
  };
  const crash = firstValueFrom(launch({ ...options, manifest }).pipe(switchMap(kill)));
  const ended = await failure(within(20_000, 'the end of the plugin', crash));
  assert.deepEqual([ended.code, ended.details.version], ['ERR_PLUGIN_EXITED', version]);
});

test('without a manifest the version is unknown: nothing carries one', async () => {
  const client = createClient(options);
  const states = firstValueFrom(
    client.state$.pipe(
      map((state) => 'version' in state),
      toArray(),
    ),
  );
  await client.start();
  const missing = await rejection((await client.dispense('kv')).get({ key: 'missing' }));
  await client.stop();
  assert.deepEqual(client.plugin, { name: 'plugin' });
  assert.ok(!(await states).includes(true));
  assert.ok(!('version' in missing.details));
});

const { name, version } = acme;
const least: PluginManifest = { manifestVersion: 1, name, version };
const { magicCookieKey: cookieKey } = handshake;

for (const [what, parts, message] of [
  [
    'cookie',
    { handshake: { cookieKey: 'OTHER' } },
    'that its cookie is "OTHER", and `handshake.magicCookieKey` is "RXPLUG_KV_PLUGIN"',
  ],
  [
    'value of the cookie',
    { handshake: { cookieKey, cookieValue: 'x' } },
    'that the value of its cookie is "x", and `handshake.magicCookieValue` is "6d1c1d6b-8a4e-4b5e-9a6a-2d7c6f2b4c1e"',
  ],
  [
    'protocol versions',
    { handshake: { cookieKey, protocolVersions: [2, 3] } },
    'that it speaks the protocol versions 2, 3, and this host speaks 1',
  ],
  ['protocols', { protocols: ['netrpc'] }, 'that it serves netrpc, and this host uses grpc'],
] as const)
  test(`a manifest with another ${what} is refused before anything starts, with both sides`, () => {
    const expected = `The manifest of acme/kv 1.4.2 says ${message}. Is it a plugin of this application? Use a version of it that fits.`;
    const given = { ...options, manifest: { ...least, ...parts } };
    for (const create of [() => createClient(given), () => supervise(given)])
      assert.throws(
        create,
        (error) => error instanceof OptionsError && assert.equal(error.message, expected) === undefined,
      );
  });

test('one version and one protocol in common are enough; what is left out is not compared', () => {
  const wide = { ...least, handshake: { cookieKey, protocolVersions: [1, 9] }, protocols: ['netrpc', 'grpc'] as const };
  for (const given of [least, wide])
    assert.equal(createClient({ ...options, manifest: given }).plugin.version, version);
});

test('a manifest that is none is refused, with the field', () => {
  for (const [given, message] of [
    ['acme/kv', /^The plugin manifest is no JSON/],
    [{ ...least, version: '1' }, /^Expected `version` of the plugin manifest/],
    [{ ...least, protocol: 'grpc' }, /^There is no field "protocol"/],
  ] as const)
    assert.throws(() => createClient({ ...options, manifest: given as PluginManifest }), {
      code: 'ERR_OPTIONS',
      message,
    });
});

test('a plugin that speaks another version than its manifest says runs, with a warning', async () => {
  const { plugins: set, ...rest } = options;
  const odd = { ...least, handshake: { cookieKey, protocolVersions: [2] } };
  const client = createClient({ ...rest, versionedPlugins: { 1: set, 2: set }, manifest: odd });
  const warnings = firstValueFrom(
    client.logs$.pipe(
      filter(({ level }) => level === 'warn'),
      map(({ message }) => message),
      toArray(),
    ),
  );
  await client.start();
  await client.stop();
  assert.deepEqual(await warnings, ['the plugin speaks protocol version 1, and its manifest says 2']);
});

test('supervised: the manifest may come with each generation, and the plugin is what serves', async () => {
  const generation = async (number: number): Promise<Partial<ClientOptions>> => ({
    manifest: { ...manifest, version: `1.4.${number}` },
  });
  await using plugin = supervise({ ...options, supervision: { generation, whenDown: { limitMs: 120_000 } } });
  assert.deepEqual(plugin.plugin, { name: 'plugin' });
  const kv = await plugin.dispense('kv');
  const missing = async (): Promise<unknown> => (await rejection(kv.get({ key: 'missing' }))).details.version;
  assert.equal(await missing(), '1.4.1');
  assert.deepEqual(plugin.plugin, { name: 'acme/kv', version: '1.4.1' });
  await plugin.reload();
  assert.deepEqual(plugin.plugin, { name: 'acme/kv', version: '1.4.2' });
  assert.equal(await missing(), '1.4.2');
});

test('supervised: a generation whose manifest contradicts the host does not come to serve, and the old one goes on', async () => {
  const generation = (number: number): Partial<ClientOptions> =>
    number === 1 ? { manifest } : { manifest: { ...least, protocols: ['netrpc'] } };
  await using plugin = supervise({ ...options, supervision: { generation } });
  await plugin.ready();
  const error = await failure(plugin.reload());
  assert.deepEqual([error.code, plugin.plugin], ['ERR_OPTIONS', acme]);
});
