import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { testEnv } from '../fixtures/fixture.js';

const program = fileURLToPath(new URL('../fixtures/hosts/loses-directory.js', import.meta.url));

describe('a host whose working directory was deleted', { skip: process.platform === 'win32' }, () => {
  let outcomes: Record<string, unknown> = {};

  before(async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [program], { env: testEnv() });
    outcomes = JSON.parse(stdout) as Record<string, unknown>;
  });

  test('starts plugins as before', () => {
    assert.equal(outcomes['a plugin that serves'], 'done');
  });

  const failures: readonly (readonly [deed: string, name: string, code: string, message: RegExp])[] = [
    ['a relative command', 'StartError', 'ERR_SPAWN', /The working directory \S*gone-\S* does not exist/],
    ['a relative `cwd`', 'StartError', 'ERR_SPAWN', /The working directory \S*gone-\S*\/sub does not exist/],
    [
      'a relative `secureConfig.file`',
      'SecurityError',
      'ERR_CHECKSUM_UNREADABLE',
      /The working directory \S*gone-\S* does not exist/,
    ],
    ['a relative `unixSocket.tempDir`', 'TransportError', 'ERR_LISTEN', /gone-\S*\/sockets .*ENOENT/],
    ['a runner whose `diagnose` throws', 'StartError', 'ERR_START_TIMEOUT', /printed no handshake within 50 ms/],
    ['an authority that throws', 'StartError', 'ERR_SPAWN', /The plugin could not be started: ENOENT.*uv_cwd/],
    ['verifyChecksum', 'SecurityError', 'ERR_CHECKSUM_UNREADABLE', /gone-\S*\/plugin/],
  ];
  for (const [deed, name, code, message] of failures) {
    test(`${deed}: ${name} ${code}, with the cause`, () => {
      const outcome = outcomes[deed];
      assert.ok(Array.isArray(outcome), String(outcome));
      assert.deepEqual(outcome.slice(0, 2), [name, code]);
      assert.match(String(outcome[2]), message);
    });
  }

  test('a failing diagnosis is told beside the error', () => {
    const outcome = outcomes['a runner whose `diagnose` throws'];
    assert.match(String(outcome), /The runner gave no diagnosis: ENOENT.*uv_cwd/);
  });

  test('`discover` finds nothing in a relative directory', () => {
    assert.deepEqual(outcomes['discover'], []);
  });
});
