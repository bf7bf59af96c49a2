import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { ourPlugin } from '../conformance/peers.js';
import { runCli } from './run-cli.js';

const posix = process.platform === 'win32' ? { skip: 'The plugin is started by a shell script.' } : {};
let directory: string;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rxplug-cli-'));
  const command = (await ourPlugin()).map((word) => `'${word}'`).join(' ');
  for (const name of ['one', 'two'])
    writeFileSync(join(directory, name), `#!/bin/sh\nexec ${command}\n`, { mode: 0o755 });
  writeFileSync(join(directory, 'fails'), '#!/bin/sh\nexit 5\n', { mode: 0o755 });
  writeFileSync(join(directory, 'text'), 'text', { mode: 0o644 });
  symlinkSync('/nowhere', join(directory, 'zlink'));
});
after(() => rmSync(directory, { recursive: true }));

test('discover --run starts each program, and says what it speaks or why it does not', posix, async () => {
  const args = ['discover', directory, '--run', '--cookie', 'RXPLUG_CONFORMANCE=hello'];
  const { code, stdout, stderr } = await runCli([...args, '--json']);
  assert.equal(code, 0, stderr);
  const found: { path: string; trial?: Record<string, unknown> }[] = JSON.parse(stdout);
  assert.deepEqual(
    found.map(({ path }) => basename(path)),
    ['fails', 'one', 'text', 'two', 'zlink'],
  );
  const [fails, one, text, two, link] = found.map(({ trial }) => trial);
  assert.match(String(fails?.['error']), /^ERR_EXITED_EARLY: .*exited with code 5/);
  for (const trial of [one, two]) {
    const { services, ...spoken } = trial ?? {};
    assert.deepEqual(spoken, { version: 1, protocol: 'grpc', autoMtls: true });
    assert.ok(Array.isArray(services) && services.includes('kv.v1.KV'));
  }
  assert.deepEqual([text, link], [undefined, undefined]);
  const table = await runCli(args);
  assert.match(table.stdout, /one +script .* grpc 1, AutoMTLS, 8 services$/m);
  assert.match(table.stdout, /fails +script .* failed +ERR_EXITED_EARLY: The plugin fails exited with code 5 .*\.$/m);
  assert.equal(table.stderr, '');
});

test('a program without a known cookie is told, and the others are started', posix, async () => {
  const { code, stdout } = await runCli(['discover', directory, '--run', '--pattern', 'o*']);
  assert.equal(code, 0);
  assert.match(stdout, /one .* failed +No profile fits \S+one\.$/m);
});
