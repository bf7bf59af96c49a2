import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { plugins } from '../../examples/grpc-kv/contract.js';
import { createClient } from '../../src/index.js';
import { fixture, testEnv } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';
import { firstLine } from '../support/first-line.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { awaitGone } from '../support/process-alive.js';

const assertTempDirEmpty = ownTempDir();
const linuxOnly = { skip: process.platform === 'linux' ? false : 'boot and pid namespace are known on Linux only' };
const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
const doomed = fileURLToPath(new URL('../fixtures/hosts/doomed-host.js', import.meta.url));

function privateDirectories(): string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith('plugin-dir'))
    .map((name) => join(tmpdir(), name));
}

async function untilRemoved(paths: readonly string[]): Promise<void> {
  const watcher = watch(tmpdir());
  while (paths.some((path) => existsSync(path))) await once(watcher, 'change');
  watcher.close();
}

test(
  'what a killed host and its killed plugin have left is removed by the next start, and nothing else',
  linuxOnly,
  async () => {
    const host = spawn(process.execPath, [doomed], { stdio: ['ignore', 'pipe', 'inherit'], env: testEnv() });
    const pid = Number(await firstLine(host.stdout));
    const left = privateDirectories();
    assert.equal(left.length, 1);
    // A plugin that is stopped cannot notice the end of its host, and cleans up nothing.
    process.kill(pid, 'SIGSTOP');
    host.kill('SIGKILL');
    await once(host, 'exit');
    const between = createClient({ command: fixture('serves'), handshake, plugins });
    await between.start();
    const mine = privateDirectories().filter((path) => !left.includes(path));
    assert.deepEqual([mine.length, left.every((path) => existsSync(path))], [1, true]);
    process.kill(pid, 'SIGKILL');
    await awaitGone(pid);
    const client = createClient({ command: fixture('serves'), handshake, plugins });
    const removed = untilRemoved(left);
    await client.start();
    await within(30_000, 'the sweep', removed);
    assert.ok(mine.every((path) => existsSync(path)));
    await between.ping();
    await Promise.all([between.stop(), client.stop()]);
    assertTempDirEmpty();
  },
);

test(
  'what a plugin has left that was killed under a host without directories for it is removed by the next one',
  linuxOnly,
  async () => {
    const start = async () => {
      const [file, ...args] = fixture('serves');
      const env = testEnv({ RXPLUG_TEST: 'yes', PLUGIN_PROTOCOL_VERSIONS: '1', PLUGIN_UNIX_SOCKET_DIR: '' });
      const plugin = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
      await firstLine(plugin.stdout);
      return plugin;
    };
    const first = await start();
    const left = privateDirectories();
    assert.equal(left.length, 1);
    first.kill('SIGKILL');
    await once(first, 'exit');
    const removed = untilRemoved(left);
    const second = await start();
    await within(30_000, 'the sweep', removed);
    second.kill('SIGTERM');
    await once(second, 'exit');
    assertTempDirEmpty();
  },
);
