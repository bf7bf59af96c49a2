import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Container, ContainerModule } from 'inversify';
import { firstValueFrom, map, toArray } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { LOG_SINK, pluginClientToken, pluginHostModule } from '../../src/di/index.js';
import { nameOfCommand } from '../../src/host/plugin-name.js';
import { createClient, type PluginError, processRunner } from '../../src/index.js';
import { fixture } from '../fixtures/fixture.js';

const script = fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url));
const command = [process.execPath, script] as const;
const options = { command, handshake, plugins };
const bare = { handshake: { ...handshake, magicCookieKey: 'RXPLUG_TEST' }, plugins };

const rejectionOf = (promise: Promise<unknown>): Promise<PluginError> =>
  promise.then(
    () => assert.fail('it succeeded'),
    (error: PluginError) => error,
  );

const names: readonly (readonly [command: readonly [string, ...string[]], name: string])[] = [
  [['/usr/lib/app/kv-plugin', '--store', 'store.js'], 'kv-plugin'],
  [['C:\\plugins\\kv-plugin.exe'], 'kv-plugin'],
  [['/usr/bin/node', 'dist/kv-store.js', 'mux'], 'kv-store'],
  [['node22', '--enable-source-maps', '--import', 'tsx', 'plugins/kv.store.mts'], 'kv.store'],
  [['/usr/bin/env', 'python3', 'kv.py'], 'kv'],
  [['python3.12', '-m', 'kv_plugin'], 'kv_plugin'],
  [['java', '-jar', 'lib/kv.jar'], 'kv'],
  [['bash'], 'bash'],
  [['bash', '-lc', 'exec node plugins/kv.js'], 'bash'],
  [['python3', '-c', "print('1|1|unix|/tmp/s|grpc')"], 'python3'],
  [['/usr/bin/node', '--enable-source-maps', '-e', 'require("./kv.js")'], 'node'],
  [['sh', '-e', 'kv.sh', '-c', 'config'], 'kv'],
  [['node', 'kv.js', '-e', 'production'], 'kv'],
  [['terraform-provider-null_v3.2.1'], 'terraform-provider-null_v3.2.1'],
];

for (const [line, name] of names)
  test(`the plugin of \`${line.join(' ')}\` is called ${name}`, () => assert.equal(nameOfCommand(line), name));

test('states, log sinks and the list of processes carry the name, by default the script’s', async () => {
  const seen = new Set<string>();
  const module = new ContainerModule(({ bind }) => {
    bind(LOG_SINK).toConstantValue({ write: (_entry, { name }) => void seen.add(name) });
  });
  for (const [name, given] of [
    ['plugin', {}],
    ['store of keys', { name: 'store of keys' }],
  ] as const) {
    seen.clear();
    const client = createClient({ ...options, ...given, modules: [module] });
    const states = firstValueFrom(
      client.state$.pipe(
        map((state) => state.name),
        toArray(),
      ),
    );
    await client.start();
    if (process.platform === 'linux')
      assert.equal(readFileSync(`/proc/${client.id}/cmdline`, 'utf8').split('\0')[0], name);
    await client.stop();
    assert.deepEqual([client.name, ...seen, ...new Set(await states)], [name, name, name]);
  }
});

test('the name of a runner of the application is its own, unless there is an option', async () => {
  const runner = ({ env }: { env: Readonly<Record<string, string>> }) =>
    Object.assign(processRunner({ command, env }), { name: 'registry/kv:1' });
  const client = createClient({ runner, handshake, plugins });
  assert.equal(client.name, 'plugin');
  await client.start();
  assert.equal((await firstValueFrom(client.state$)).name, 'registry/kv:1');
  await client.stop();
  assert.equal(client.name, 'registry/kv:1');
  assert.equal(createClient({ runner, name: 'kv', handshake, plugins }).name, 'kv');
});

test('of a runner that is named by the path of its program, the base name', async () => {
  const runner = ({ env }: { env: Readonly<Record<string, string>> }) =>
    Object.assign(processRunner({ command, env }), { name: '/opt/plugins/kv-store.js' });
  const client = createClient({ runner, handshake, plugins });
  await client.start();
  assert.deepEqual([client.name, client.plugin], ['kv-store', { name: 'kv-store' }]);
  await client.stop();
});

test('in pluginHostModule the key is the name', async () => {
  const container = new Container();
  container.load(pluginHostModule({ store: options, other: { ...options, name: 'its own' } }));
  assert.equal(container.get(pluginClientToken('store')).name, 'store');
  assert.equal(container.get(pluginClientToken('other')).name, 'its own');
  await container.unbindAllAsync();
});

test('a name that would break a log line is refused', () => {
  for (const name of ['', 'a\nb', 7])
    assert.throws(() => createClient({ ...options, name: name as string }), { code: 'ERR_OPTIONS', message: /`name`/ });
});

test('errors carry the name: a failed start, a crash, and what is asked of a plugin that does not run', async () => {
  const failing = createClient({ ...bare, command: fixture('exits-at-once') });
  assert.equal((await rejectionOf(failing.ping())).message.includes('The plugin exits-at-once is idle'), true);
  const error = await rejectionOf(failing.start());
  assert.equal(error.details.plugin, 'exits-at-once');
});

/** The host's remarks of one life, without what differs between runs. */
async function remarksOf(client: ReturnType<typeof createClient>, life: () => Promise<void>): Promise<string[]> {
  const entries = firstValueFrom(client.logs$.pipe(toArray()));
  await life();
  const own = (await entries).filter(({ module }) => module === 'rxplug');
  for (const { fields } of own)
    for (const [key, value] of Object.entries(fields))
      if (key.toLowerCase().endsWith('ms'))
        assert.ok(Number.isInteger(value) && Number(value) >= 0, `${key}: ${String(value)}`);
  return own.map(({ level, message, fields }) => {
    const { command: _command, id: _id, ...shown } = fields;
    const text = Object.entries(shown).map(([key, value]) => (/ms$/i.test(key) ? key : `${key}=${String(value)}`));
    return [level, message, ...text].join(' ');
  });
}

test('start, ready, stop and exit are logged with reason and duration', async () => {
  const client = createClient(options);
  const remarks = await remarksOf(client, async () => {
    await client.start();
    await client.stop();
  });
  assert.deepEqual(remarks, [
    'debug starting the plugin',
    'info the plugin is ready protocol=grpc protocolVersion=1 ms',
    'debug stopping the plugin',
    'info the plugin has exited reason=stopped code=0 signal=null ranMs',
  ]);
});

test('a crash and a kill are logged', async () => {
  const crashing = createClient(options);
  const crash = await remarksOf(crashing, async () => {
    await crashing.start();
    crashing.ref();
    process.kill(Number(crashing.id), 'SIGKILL');
    await firstValueFrom(crashing.exit$);
    await crashing.stop();
  });
  assert.deepEqual(crash.slice(2), [
    'error the plugin exited, and nobody had asked it to reason=crashed code=null signal=SIGKILL ranMs',
  ]);
  const deaf = createClient({ ...bare, command: fixture('bare', 'deaf'), stopGraceMs: 50 });
  const kill = await remarksOf(deaf, async () => {
    await deaf.start();
    await deaf.stop();
  });
  assert.deepEqual(kill.slice(3), [
    'warn killing the plugin: it did not end by itself waitedMs',
    'info the plugin has exited reason=stopped code=null signal=SIGKILL ranMs',
  ]);
});

test('a start that failed is logged after the plugin’s last lines', async () => {
  const client = createClient({ ...bare, command: fixture('exits-at-once') });
  const last = await remarksOf(client, async () => void (await rejectionOf(client.start())));
  assert.match(last.at(-1) ?? '', /^error the plugin did not start error=.* code=\d+ signal=null ms$/s);
});
