import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { filter, firstValueFrom, map, scan } from 'rxjs';
import { createClient } from 'rxplug';
import { handshake, plugins } from '../../examples/bidirectional/contract.js';
import { RefereeDefinition } from '../../examples/gen/merge.js';
import { buildGo, needsGo, REPOSITORY } from '../conformance/build-go.js';
import { testEnv } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { setUpPython } from '../support/python.js';

const TIMEOUT_MS = 120_000;
const COOKIE = { [handshake.magicCookieKey]: handshake.magicCookieValue };
const PLUGIN = ['python3', join(REPOSITORY, 'examples/python/plugin.py')] as const;
const LENDER = ['python3', join(REPOSITORY, 'test/fixtures/python/lender.py')] as const;
const MERGED = [
  'conflict about title: Plugins or Plugins in Node?',
  'author = Ada',
  'licence = MPL-2.0',
  'title = Plugins in Node',
  'year = 2026',
];

const assertTempDirEmpty = ownTempDir();
const { skip, env: modules } = await setUpPython();
const python = { skip };
const both = { skip: skip || needsGo().skip };
const run = promisify(execFile);
const env = testEnv(modules);

/** Runs a host, which calls the plugin and is called by it with AutoMTLS. */
async function assertMerges(host: string, args: readonly string[]): Promise<void> {
  const { stdout, stderr } = await run(host, [...args, ...PLUGIN], { env, timeout: TIMEOUT_MS });
  assert.deepEqual(stdout.trimEnd().split('\n'), MERGED);
  assert.equal(stderr, '');
  assertTempDirEmpty();
}

test('examples/python: our host, with AutoMTLS', python, async () => {
  const host = fileURLToPath(new URL('../../examples/bidirectional/host.js', import.meta.url));
  await assertMerges(process.execPath, [host]);
});

test('examples/python: a Go host, with AutoMTLS', both, async () => {
  const directory = await buildGo('examples/bidirectional/go', ['plugin', 'host']);
  await assertMerges(join(directory, 'host'), []);
});

test('examples/python: health, output, logs and shutdown', python, async () => {
  await using client = createClient({ command: PLUGIN, handshake, plugins, env });
  const logged = firstValueFrom(client.logs$.pipe(filter(({ message }) => message === 'merging')));
  const printed$ = client.syncStdout$.pipe(
    scan((text, chunk) => text + Buffer.from(chunk).toString(), ''),
    filter((text) => text.endsWith('\n')),
  );
  const printed = firstValueFrom(printed$);
  await client.start();
  await client.ping();
  const merger = await client.dispense('merger');
  const merged$ = client.broker.lend(RefereeDefinition, { decide: () => assert.fail('no conflict') }, (referee) =>
    merger.merge({ ours: { a: '1' }, theirs: { b: '2' }, referee }),
  );
  const { merged } = await firstValueFrom(merged$);
  assert.deepEqual(merged, { a: '1', b: '2' });
  assert.equal(await within(5000, 'the output', printed), 'merged 2 values\n');
  const { level, kind, fields } = await within(5000, 'the log entry', logged);
  assert.deepEqual({ level, kind, ours: fields['ours'] }, { level: 'info', kind: 'hclog', ours: 1 });
  await client.stop();
  const { code, signal } = await firstValueFrom(client.exit$);
  assert.deepEqual({ code, signal }, { code: 0, signal: null });
});

for (const autoMtls of [false, true]) {
  test(`examples/python: the host dials what the plugin serves, AutoMTLS ${autoMtls}`, python, async () => {
    await using client = createClient({ command: LENDER, handshake, plugins, env, autoMtls });
    await client.start();
    const merger = await client.dispense('merger');
    const { merged } = await firstValueFrom(merger.merge({}));
    const decided$ = client.broker.borrow(RefereeDefinition, Number(merged['referee']), (referee) =>
      referee.decide({ key: 'k', ours: 'mine', theirs: 'theirs' }).pipe(map(({ value }) => value)),
    );
    assert.equal(await firstValueFrom(decided$), 'mine');
  });
}

test(
  'examples/python: without the cookie it explains itself, with status 1 and nothing on stdout',
  python,
  async () => {
    const failure = await run(PLUGIN[0], PLUGIN.slice(1), { env }).then(
      () => assert.fail('it ran'),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
    assert.deepEqual([failure.code, failure.stdout], [1, '']);
    assert.match(failure.stderr, /^This program is a plugin\. .*\n$/);
  },
);

test('examples/python: it ends when its host was killed', python, async () => {
  const parent = `require('node:child_process').spawn('python3', [${JSON.stringify(PLUGIN[1])}], { stdio: 'inherit' })`;
  const host = spawn(process.execPath, ['-e', parent], {
    env: { ...env, ...COOKIE },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await within(10_000, 'the handshake', once(host.stdout, 'data'))) as [Buffer];
  assert.match(String(line), /^1\|1\|unix\|\/.*\|grpc\|\n$/);
  host.kill('SIGKILL');
  // The plugin has the pipe, too: it closes when both are gone.
  await within(10_000, 'the end of the plugin', once(host.stdout.resume(), 'close'));
  assertTempDirEmpty();
});

test('examples/python: it leaves no socket in the directory that the host has given', python, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sockets-'));
  const plugin = spawn('python3', [PLUGIN[1]], {
    env: { ...env, ...COOKIE, PLUGIN_UNIX_SOCKET_DIR: directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(plugin, 'exit');
  const [line] = (await within(10_000, 'the handshake', once(plugin.stdout, 'data'))) as [Buffer];
  const [socket] = readdirSync(directory);
  assert.equal(String(line).split('|')[3], join(directory, String(socket)));
  plugin.kill('SIGTERM');
  assert.deepEqual(await within(10_000, 'the exit', exit), [0, null]);
  assert.deepEqual(readdirSync(directory), []);
  rmdirSync(directory);
});
