import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { plugins } from '../../examples/grpc-kv/contract.js';
import { createClient, PluginError } from '../../src/index.js';
import { fixture } from '../fixtures/fixture.js';

const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
const posix = { skip: process.platform === 'win32' ? 'npm is a .cmd there' : false };
const [node, file = ''] = fixture('serves');

test('a plugin behind `npm run`: the error says who prints the first line, and `--silent` helps', posix, async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'npm-'));
  const scripts = { plugin: `"${node}" "${file}"` };
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ name: 'kv', version: '1.0.0', private: true, scripts }));
  const env = { npm_config_update_notifier: 'false', npm_config_cache: join(cwd, 'cache') };
  const loud = createClient({ command: ['npm', 'run', 'plugin'], cwd, env, handshake, plugins });
  await assert.rejects(loud.start(), (error) => {
    assert.ok(PluginError.is(error) && error.code === 'ERR_HANDSHAKE_UNRECOGNIZED', String(error));
    return /`npm run` and `pnpm run` print a blank line.*`npm --silent run`\./.test(error.message);
  });
  const silent = createClient({ command: ['npm', '--silent', 'run', 'plugin'], cwd, env, handshake, plugins });
  await silent.start();
  await silent.stop();
  rmSync(cwd, { recursive: true });
});

for (const [where, options, says] of [
  [
    'NODE_OPTIONS has `--inspect-brk`',
    { command: [node, file], env: { NODE_OPTIONS: '--inspect-brk=0' } },
    /because NODE_OPTIONS has `--inspect-brk`: attach one and raise `startTimeoutMs`, or set another NODE_OPTIONS in `env`/,
  ],
  [
    'its command has `--inspect-brk`',
    { command: [node, '--inspect-brk=0', file], env: { NODE_OPTIONS: '' } },
    /because its command has `--inspect-brk`: attach one and raise `startTimeoutMs`, or use `--inspect`/,
  ],
] as const) {
  test(`a plugin that waits for a debugger, because ${where}: the timeout says so`, async () => {
    const client = createClient({ ...options, handshake, plugins, startTimeoutMs: 4000 });
    await assert.rejects(client.start(), (error) => {
      assert.ok(PluginError.is(error) && error.code === 'ERR_START_TIMEOUT', String(error));
      assert.match(error.message, /It waits for a debugger at ws:\/\/127\.0\.0\.1:\d+\//);
      return says.test(error.message);
    });
  });
}
