import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { plugins } from '../../examples/grpc-kv/contract.js';
import { type ClientOptions, createClient, PluginError, type ReattachConfig } from '../../src/index.js';
import { removeAbandonedSocketDir, sweepSocketDirs } from '../../src/transports/sockets/sweep.js';
import { fixture, testEnv } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';
import { firstLine } from '../support/first-line.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { awaitGone, isAlive } from '../support/process-alive.js';

const assertTempDirEmpty = ownTempDir();
const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
const script = fileURLToPath(new URL('../fixtures/hosts/starts-plugins.js', import.meta.url));
const onPosix = { skip: process.platform === 'win32' ? 'there are no private socket directories on Windows' : false };

/** Starts a host with plugins, kills it without mercy, and gives what it knew of them. */
async function orphans(...wanted: readonly object[]): Promise<readonly ReattachConfig[]> {
  const host = spawn(process.execPath, [script, JSON.stringify(wanted)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const configs = JSON.parse(await firstLine(host.stdout)) as readonly ReattachConfig[];
  host.kill('SIGKILL');
  await once(host, 'exit');
  return configs;
}

/** To be imported before a program: kills it where it writes its handshake line, as a host may that does not speak its version. */
const KILLED_AT_HANDSHAKE = `data:text/javascript,${encodeURIComponent(`
  const { write } = process.stdout;
  process.stdout.write = function (text, ...rest) {
    if (/^1\\|\\d+\\|unix\\|/.test(String(text))) process.kill(process.pid, 'SIGKILL');
    return write.call(this, text, ...rest);
  };
`)}`;

async function untilRemoved(path: string): Promise<void> {
  const poll = async (): Promise<void> => {
    while (existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await within(10_000, `the end of ${path}`, poll());
}

test('a plugin whose host was killed ends by itself, and removes the directory of its sockets', onPosix, async () => {
  const [config] = await orphans({});
  const directory = dirname(config!.address);
  assert.match(basename(directory), /^plugin-dir/);
  await awaitGone(config!.pid!);
  await untilRemoved(directory);
  assertTempDirEmpty();
});

test('a plugin whose host was killed ends also with open handles or a hook that hangs', onPosix, async () => {
  const configs = await orphans({ behaviour: { keepAlive: true } }, { behaviour: { onShutdown: 'hang' } });
  for (const { pid, address } of configs) {
    await awaitGone(pid!);
    await untilRemoved(dirname(address));
  }
  assertTempDirEmpty();
});

test(
  'a plugin outlives its host where either end says so, is reached again, and leaves nothing in the end',
  onPosix,
  async () => {
    const survivors = await orphans({ outlivesHost: true }, { behaviour: { exitWithHost: false } });
    // By the time others have noticed that their host is gone, these would have as well.
    for (const { pid, address } of await orphans({}, {})) {
      await awaitGone(pid!);
      await untilRemoved(dirname(address));
    }
    for (const reattach of survivors) {
      const client = createClient({ reattach, handshake, plugins });
      await client.start();
      const kv = await client.dispense('kv');
      // The store logs, to a stderr that nobody holds any more.
      await firstValueFrom(kv.put({ key: 'still', value: Buffer.from('here') }));
      await client.ping();
      assert.equal(isAlive(reattach.pid!), true);
      await client.stop();
      assert.equal(isAlive(reattach.pid!), false);
      await untilRemoved(dirname(reattach.address));
    }
    assertTempDirEmpty();
  },
);

test('a plugin that outlives its host is ended by stop like any other', onPosix, async () => {
  const [file, ...args] = [process.execPath, fileURLToPath(new URL('../fixtures/plugins/serves.js', import.meta.url))];
  const client = createClient({ command: [file!, ...args], handshake, plugins, outlivesHost: true });
  await client.start();
  await client.stop();
  assert.deepEqual(await firstValueFrom(client.exit$), { code: 0, signal: null });
  assertTempDirEmpty();
});

test('options that exclude outlivesHost are refused before anything starts', () => {
  const refused = (more: object, pattern: RegExp) =>
    assert.throws(
      () => createClient({ command: ['x'], handshake, plugins, outlivesHost: true, ...more } as ClientOptions),
      (error) => PluginError.is(error) && error.code === 'ERR_OPTIONS' && pattern.test(error.message),
    );
  refused({ autoMtls: true }, /autoMtls/);
  refused({ grpcBrokerMultiplex: true }, /grpcBrokerMultiplex/);
  refused({ processGroup: 'shared' }, /processGroup/);
  const reattach = { protocol: 'grpc', network: 'unix', address: '/x', pid: 1 };
  refused({ command: undefined, reattach }, /reattach/);
});

test('only a private directory of ours is removed as abandoned, and only sockets in it', onPosix, async () => {
  const root = mkdtempSync(join(tmpdir(), 'a'));
  const other = join(root, 'other');
  const full = join(root, 'plugin-dirFull');
  const abandoned = join(root, 'plugin-dirGone');
  for (const path of [other, full, abandoned]) mkdirSync(path);
  writeFileSync(join(full, 'precious'), '');
  const server = createServer().listen(join(abandoned, 's'));
  await once(server, 'listening');
  for (const path of [other, full, abandoned, join(full, 'precious'), join(root, 'plugin-dirNowhere'), undefined])
    removeAbandonedSocketDir(path);
  assert.deepEqual([other, full, abandoned].map(existsSync), [true, true, false]);
  assert.equal(existsSync(join(full, 'precious')), true);
  server.close();
  rmSync(root, { recursive: true });
});

test('a plugin that is killed at its handshake line has noted whose sockets it leaves, so that a sweep removes them', {
  skip: process.platform === 'linux' ? false : 'boot and pid namespace are known on Linux only',
}, async () => {
  const [file, script] = fixture('serves');
  // Without a directory of the host's, as go-plugin starts it.
  const env = testEnv({ RXPLUG_TEST: 'yes', PLUGIN_PROTOCOL_VERSIONS: '1' });
  const plugin = spawn(file, ['--import', KILLED_AT_HANDSHAKE, script!], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [, signal] = (await once(plugin, 'exit')) as [number | null, NodeJS.Signals | null];
  assert.equal(signal, 'SIGKILL');
  assert.equal(readdirSync(tmpdir()).filter((name) => name.startsWith('plugin-dir')).length, 1);
  await sweepSocketDirs(new AbortController().signal, tmpdir());
  assertTempDirEmpty();
});

test('a plugin that stays removes what a killed one has left, and not while its host begins', {
  skip: process.platform === 'linux' ? false : 'boot and pid namespace are known on Linux only',
}, async () => {
  const [file, script] = fixture('serves');
  const env = testEnv({ RXPLUG_TEST: 'yes', PLUGIN_PROTOCOL_VERSIONS: '1' });
  const killed = spawn(file, ['--import', KILLED_AT_HANDSHAKE, script!], { env, stdio: 'ignore' });
  await once(killed, 'exit');
  const [left] = readdirSync(tmpdir()).filter((name) => name.startsWith('plugin-dir'));
  const plugin = spawn(file, [script!], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  await firstLine(plugin.stdout);
  assert.ok(existsSync(join(tmpdir(), left!)));
  await untilRemoved(join(tmpdir(), left!));
  plugin.kill('SIGTERM');
  await once(plugin, 'exit');
  assertTempDirEmpty();
});
