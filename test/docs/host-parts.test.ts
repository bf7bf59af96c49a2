import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Container, ContainerModule, inject, injectable } from 'inversify';
import { firstValueFrom } from 'rxjs';
import { type ClientOfContract, commandRunner, createClient, discover } from 'rxplug';
import { injectPlugin, LOG_SINK, pluginClientToken, pluginHostModule, RUNNER } from 'rxplug/di';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { handshake as negotiatedHandshake, versionedPlugins } from '../../examples/negotiated/contract.js';
import { ownTempDir } from '../support/own-temp-dir.js';

ownTempDir();
const example = (name: string) => fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url));
const pluginFile = example('grpc-kv/plugin');
const command: [string, ...string[]] = [process.execPath, pluginFile];
const bytes = (value: string) => new TextEncoder().encode(value);

test('how do I negotiate versions', async () => {
  const useNew = async (_client: unknown) => {};
  const output: string[] = [];
  const oldPlugin = example('negotiated/plugin');
  // #region versions
  await using client = createClient({
    command: [process.execPath, oldPlugin],
    handshake: negotiatedHandshake,
    versionedPlugins: {
      2: versionedPlugins[2],
      3: versionedPlugins[3],
    },
  });
  await client.start();
  if (client.negotiatedVersion === 3) await useNew(client);
  else output.push(`an old plugin, version ${client.negotiatedVersion}`);
  // #endregion versions
  assert.deepEqual(output, ['an old plugin, version 2']);
  const { negotiated } = client;
  assert.equal(negotiated?.version, 2);
  assert.equal((await firstValueFrom((await negotiated.dispense('kv')).put({ key: 'a' }))).revision, 1n);
  await assert.rejects(negotiated.dispense('probe' as 'kv'), { code: 'ERR_UNKNOWN_PLUGIN' });
});

test('how do I pass arguments and environment', async () => {
  const workingDirectory = process.cwd();
  // #region environment
  const client = createClient({
    command: [process.execPath, '--max-old-space-size=128', pluginFile, '--verbose'],
    cwd: workingDirectory,
    env: { LANGUAGE: 'fr', NODE_EXTRA_CA_CERTS: '' },
    skipHostEnv: false,
    handshake,
    plugins,
  });
  // #endregion environment
  await client.start();
  await client.stop();
});

test('how do I inject a plugin into my application', async () => {
  const SETTINGS = Symbol('settings');
  // #region inject
  @injectable()
  class Importer {
    constructor(
      @injectPlugin('store') private readonly kv: ClientOfContract<typeof plugins.kv>,
      @inject(SETTINGS) private readonly settings: { prefix: string },
    ) {}

    import(key: string, value: Uint8Array) {
      return firstValueFrom(this.kv.put({ key: this.settings.prefix + key, value }));
    }
  }

  const container = new Container();
  container.load(pluginHostModule({ store: { command, handshake, plugins: { kv: plugins.kv } } }));
  container.bind(SETTINGS).toConstantValue({ prefix: 'imported/' });
  container.bind(Importer).toSelf();

  const importer = await container.getAsync(Importer); // starts the plugin
  await importer.import('a', bytes('1'));
  const client = container.get(pluginClientToken('store')); // its state, its logs
  await container.unbindAllAsync(); // stops it
  // #endregion inject
  assert.equal(client.exited, true);
});

test('how do I replace a part', async () => {
  const output: string[] = [];
  // #region replace
  const ownParts = new ContainerModule(({ bind }) => {
    bind(RUNNER).toConstantValue((spec) => commandRunner(spec, { processGroup: 'shared' }));
    bind(LOG_SINK).toConstantValue({
      write: ({ level, message }, plugin) => void output.push(`${plugin.id} ${level} ${message}`),
    });
  });
  await using client = createClient({ command, handshake, plugins, modules: [ownParts] });
  // #endregion replace
  await client.start();
  const kv = await client.dispense('kv');
  await firstValueFrom(kv.put({ key: 'a', value: bytes('1') }));
  const { id } = client;
  await client.stop();
  assert.ok(output.includes(`${id} info stored`));
});

test('how do I find plugins', async () => {
  const pluginDirectory = fileURLToPath(new URL('../../examples/', import.meta.url));
  // #region discover
  const files = await discover('*/plugin.js', pluginDirectory);
  const clients = files.map((file) => createClient({ command: [process.execPath, file], handshake, plugins }));
  // #endregion discover
  assert.ok(clients.length >= 4);
});
