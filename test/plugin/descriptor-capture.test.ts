import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lastValueFrom, reduce } from 'rxjs';
import { plugins } from '../../examples/grpc-kv/contract.js';
import { createClient } from '../../src/index.js';
import { fixture, testEnv } from '../fixtures/fixture.js';

const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
const WRITERS = [
  'writeSync',
  'writeSync of hex',
  'writeSync of a part',
  'writeSync by options',
  'an imported writeSync',
  'write',
  'write of a part',
  'a promisified write',
  'writev',
  'writevSync',
  'writeFileSync',
  'writeFileSync of hex',
  'writeFile',
  'appendFileSync',
  'the console of a worker',
  'a child by a pipe',
  'a write stream',
];

test('what loggers write to descriptor 1, made before the plugin serves, reaches the host, and never precedes the handshake', async () => {
  const client = createClient({ command: fixture('writes-to-descriptor'), handshake, plugins, stopGraceMs: 60_000 });
  const output = lastValueFrom(
    client.syncStdout$.pipe(reduce((text, chunk) => text + Buffer.from(chunk).toString('latin1'), '')),
  );
  await client.start();
  await client.stop();
  const lines = (await output).split('\n');
  const expected = ['at the start', 'at the end'].flatMap((when) => WRITERS.map((name) => `${name} ${when}`));
  assert.deepEqual(lines, [...expected, '']);
});

test('where the real stdout is a file, it holds the handshake and what is written after `serve`', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'd'));
  const file = openSync(join(directory, 'stdout'), 'w');
  const watcher = watch(directory);
  const [program, ...args] = fixture('writes-to-descriptor');
  const env = testEnv({ RXPLUG_TEST: 'yes', PLUGIN_PROTOCOL_VERSIONS: '1' });
  const plugin = spawn(program, args, { env, stdio: ['ignore', file, 'inherit'] });
  closeSync(file);
  const exited = once(plugin, 'exit');
  const printed = () => readFileSync(join(directory, 'stdout'), 'utf8');
  while (printed() === '') await once(watcher, 'change');
  watcher.close();
  plugin.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null]);
  assert.match(printed(), /^1\|1\|unix\|\S+\|grpc\|\ngiven back\n$/);
  rmSync(directory, { recursive: true });
});
