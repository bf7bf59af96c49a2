import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { testEnv } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';
import { firstLine } from '../support/first-line.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { awaitGone } from '../support/process-alive.js';

const assertTempDirEmpty = ownTempDir();

/** Runs the host, does something to its plugin, and returns who ended first; both are gone then. */
async function run(reason: string, meanwhile: (pid: number) => void, name = 'idle-client'): Promise<string> {
  const host = fileURLToPath(new URL(`../fixtures/hosts/${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [host, ...reason.split(' ')], {
    env: testEnv(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close');
  const pid = Number(await firstLine(child.stdout));
  meanwhile(pid);
  assert.deepEqual(await within(60_000, 'the end of the host', ended), [0, null]);
  await awaitGone(pid, 30_000);
  assertTempDirEmpty();
  return output.split('\n')[1] ?? '';
}

test('an idle plugin does not keep its host running, and ends after it', async () => {
  assert.equal(await run('', () => {}), 'host first');
});

test('who waits for the exit keeps the host running', async () => {
  assert.equal(await run('whenExited', (pid) => process.kill(pid, 'SIGKILL')), 'plugin first');
});

test('a running call keeps the host running', async () => {
  assert.equal(await run('watch', (pid) => process.kill(pid, 'SIGKILL')), 'plugin first');
});

test('a running call keeps the host running, multiplexed under AutoMTLS', async () => {
  const reason = 'watch {"grpcBrokerMultiplex":true,"autoMtls":true}';
  assert.equal(await run(reason, (pid) => process.kill(pid, 'SIGKILL')), 'plugin first');
});

test('a plugin with ref() keeps its host running', async () => {
  assert.equal(await run('ref', (pid) => process.kill(pid, 'SIGKILL')), 'plugin first');
});

for (const options of [
  {},
  { autoMtls: true },
  { grpcBrokerMultiplex: true },
  { grpcBrokerMultiplex: true, autoMtls: true },
]) {
  const how = Object.keys(options).join(' and ') || 'the defaults';
  test(`services of a host behind its broker do not keep it running, with ${how}`, async () => {
    await run(JSON.stringify(options), () => {}, 'idle-broker');
  });
}

for (const options of [{}, { autoMtls: true }]) {
  const how = `over net/rpc${'autoMtls' in options ? ' under AutoMTLS' : ''}`;
  const leaving = (what: string) => `${what} ${JSON.stringify(options)}`;
  const kill = (pid: number) => void process.kill(pid, 'SIGKILL');

  for (const what of ['nothing', 'abandoned', 'closed', 'served']) {
    test(`${how}, the host exits that left open: ${what}`, async () => {
      assert.equal(await run(leaving(what), () => {}, 'idle-netrpc'), 'host first');
    });
  }

  for (const what of ['call', 'stream', 'accepted', 'ref']) {
    test(`${how}, the host keeps running that left open: ${what}`, async () => {
      assert.equal(await run(leaving(what), kill, 'idle-netrpc'), 'plugin first');
    });
  }
}
