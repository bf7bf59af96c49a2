import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { plugins } from '../../examples/grpc-kv/contract.js';
import { createClient } from '../../src/index.js';
import { fixture, testEnv } from '../fixtures/fixture.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };

interface Outcome {
  readonly code: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...args: string[]): Promise<Outcome> {
  const [file, ...rest] = fixture('serves-either', ...args);
  return new Promise((resolve) => {
    execFile(file, rest, { env: testEnv(), timeout: 120_000 }, (error, stdout, stderr) =>
      resolve({ code: error?.code, stdout, stderr }),
    );
  });
}

for (const name of ['kv', 'lazy']) {
  test(`the plugin that the argument names is served: ${name}`, async () => {
    await using client = createClient({ command: fixture('serves-either', name), handshake, plugins });
    await client.start();
    await client.ping();
    await client.stop();
    assertTempDirEmpty();
  });
}

for (const args of [[], ['kv', 'more'], ['kv', 'lazy']]) {
  test(`K-14 ${args.length} arguments are refused with status 1 and a message on stderr`, async () => {
    const { code, stdout, stderr } = await run(...args);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /internal command.*not meant to be run by hand/s);
  });
}

for (const name of ['nope', 'toString', '']) {
  test(`K-14 the unknown name "${name}" is refused with status 1`, async () => {
    const { code, stdout, stderr } = await run(name);
    assert.deepEqual([code, stdout], [1, '']);
    assert.equal(stderr, `Unknown plugin: ${name}\n`);
  });
}

test('P-01 without the cookie the chosen plugin prints that it is a plugin', async () => {
  const { code, stderr } = await run('kv');
  assert.equal(code, 1);
  assert.match(stderr, /is a plugin/);
});
