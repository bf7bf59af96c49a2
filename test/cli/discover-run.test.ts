import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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

test('discover tells what manifests say of the programs that they name', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'rxplug-cli-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const manifest = {
    manifestVersion: 1,
    name: 'acme/kv-redis',
    version: '1.4.2',
    handshake: { cookieKey: 'ACME_PLUGIN', protocolVersions: [2, 3] },
    protocols: ['grpc'],
    run: { any: ['./bin/kv'] },
  };
  mkdirSync(join(folder, 'bin'));
  for (const name of ['kv', 'other']) writeFileSync(join(folder, 'bin', name), '#!/bin/sh\n', { mode: 0o755 });
  writeFileSync(join(folder, 'rxplug.plugin.json'), JSON.stringify(manifest));
  const bin = join(folder, 'bin');
  const { stdout } = await runCli(['discover', bin, '--json']);
  const found: { path: string; manifest?: object }[] = JSON.parse(stdout);
  const said = { name: 'acme/kv-redis', version: '1.4.2', protocolVersions: [2, 3], protocols: ['grpc'] };
  assert.deepEqual(
    found.map((one) => one.manifest),
    [said, undefined],
  );
  const table = (await runCli(['discover', bin])).stdout;
  assert.match(table, /^NAME +KIND +MANIFEST +PROFILE/);
  assert.match(table, /kv +script +acme\/kv-redis 1\.4\.2, grpc 2, 3 +-/);
  assert.match(table, /other +script +- +-/);
  writeFileSync(join(folder, 'rxplug.plugin.json'), JSON.stringify({ ...manifest, version: 'latest' }));
  assert.match((await runCli(['discover', bin])).stdout, /kv +script +wrong .*rxplug\.plugin\.json: .*version/);
  writeFileSync(
    join(bin, 'rxplug.plugin.json'),
    JSON.stringify({ manifestVersion: 1, name: 'acme/other', version: '2.0.0' }),
  );
  assert.match((await runCli(['discover', bin])).stdout, /other +script +acme\/other 2\.0\.0 +-/);
});

test('a program without a known cookie is told, and the others are started', posix, async () => {
  const { code, stdout } = await runCli(['discover', directory, '--run', '--pattern', 'o*']);
  assert.equal(code, 0);
  assert.match(stdout, /one .* failed +No profile fits \S+one\.$/m);
});
