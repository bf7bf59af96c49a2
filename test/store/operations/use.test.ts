/** Installed plugins that run: what `use` gives is what `createClient` and `supervise` take. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { filter, firstValueFrom } from 'rxjs';
import { handshake, plugins } from '../../../examples/grpc-kv/contract.js';
import { createClient, PluginError } from '../../../src/index.js';
import { supervise } from '../../../src/supervise.js';
import { bundlePlugin } from '../../support/bundle-plugin.js';
import { publish } from '../support/published.js';
import { rig } from '../support/store-rig.js';

const bundle = readFileSync(bundlePlugin().file);
const node = { run: { any: ['node', 'plugin.mjs'] } };
const oneFile = { 'plugin.mjs': bundle, 'README.md': '# kv' };
const severalFiles = { 'main.mjs': 'import "./lib/plugin.mjs";', 'lib/plugin.mjs': bundle };
/** Node's own binary is not packed: a script with a first line is a program as well. */
const program = { 'bin/kv': Buffer.concat([Buffer.from('#!/usr/bin/env node\n'), bundle]), LICENSE: 'MPL' };

// Neither an idle plugin nor a watched folder keeps a process alive.
const timer = setInterval(() => undefined, 60_000);
after(() => clearInterval(timer));

/** Everybody may write to the temporary directory, so a folder that is checked as a whole cannot be in it. */
const place = () => rig(homedir());

async function answers(client: { dispense(name: 'kv'): Promise<unknown> }): Promise<void> {
  const kv = (await client.dispense('kv')) as { put(entry: object): Parameters<typeof firstValueFrom>[0] };
  await firstValueFrom(kv.put({ key: 'a', value: Buffer.from('b') }));
}

for (const [what, files, manifest, keys] of [
  ['a script in one file', oneFile, node, ['checksum', 'file', 'hash']],
  [
    'a script of several files',
    severalFiles,
    { run: { any: ['node', 'main.mjs'] } },
    ['checksum', 'directory', 'hash'],
  ],
  ['a program', program, { run: { 'linux-x64': ['bin/kv'] } }, ['checksum', 'hash']],
] as const)
  test(`runs ${what}, from what was verified`, async () => {
    const at = place();
    publish(at.published, { version: '1.2.3', files, manifest });
    await at.store().add(at.address);
    const used = await at.store().use('kv');
    assert.deepEqual(Object.keys(used).sort(), ['command', 'cwd', 'manifest', 'secureConfig']);
    assert.deepEqual(Object.keys(used.secureConfig).sort(), keys);
    await using client = createClient({ ...used, handshake, plugins });
    await client.start();
    await answers(client);
    assert.deepEqual(client.plugin, { name: 'acme/kv', version: '1.2.3' });
  });

for (const [what, files, manifest, changed] of [
  ['a script in one file', oneFile, node, 'plugin.mjs'],
  ['a script of several files', severalFiles, { run: { any: ['node', 'main.mjs'] } }, 'lib/plugin.mjs'],
  ['a program', program, { run: { any: ['bin/kv'] } }, 'bin/kv'],
] as const)
  test(`does not run ${what} that is changed between use and start`, async () => {
    const at = place();
    publish(at.published, { version: '1.0.0', files, manifest });
    await at.store().add(at.address);
    const used = await at.store().use('kv');
    appendFileSync(join(used.cwd, changed), '\n// evil');
    await using client = createClient({ ...used, handshake, plugins });
    await assert.rejects(client.start(), (error) => PluginError.is(error) && error.code === 'ERR_CHECKSUM_MISMATCH');
  });

test('a manifest that does not say how it is run here is told', async () => {
  const at = rig();
  publish(at.published, { version: '1.0.0', manifest: { run: { 'darwin-arm64': ['bin/kv'] } } });
  await at.store().add(at.address);
  await assert.rejects(at.store().use('kv'), {
    code: 'ERR_PLATFORM',
    message: /`run` of the manifest of acme\/kv 1\.0\.0 has nothing for linux-x64\. It has: darwin-arm64/,
  });
});

test('a supervised plugin is reloaded when it is updated, and keeps its clients', async () => {
  const at = place();
  publish(at.published, { version: '1.0.0', files: oneFile, manifest: node });
  const store = at.store();
  await store.add(at.address);
  const plugin = supervise({
    ...(await store.use('kv')),
    handshake,
    plugins,
    supervision: { generation: () => store.use('kv'), reloadOn: store.changes('kv'), whenDown: { limitMs: 120_000 } },
  });
  try {
    await answers(plugin);
    assert.equal(plugin.plugin.version, '1.0.0');
    const second$ = plugin.state$.pipe(filter((state) => state.status === 'ready' && state.generation === 2));
    const second = firstValueFrom(second$);
    publish(at.published, { version: '1.1.0', files: oneFile, manifest: node });
    await store.update();
    await second;
    await answers(plugin);
    assert.equal(plugin.plugin.version, '1.1.0');
  } finally {
    await plugin.stop();
  }
});

test('a change is told when the lock file names another archive and that one is installed', async () => {
  const at = rig();
  publish(at.published, { version: '1.0.0' });
  await at.store().add(at.address);
  const before = readFileSync(at.lock);
  publish(at.published, { version: '1.1.0' });
  await at.store().update();
  const updated = readFileSync(at.lock);
  writeFileSync(at.lock, before);
  rmSync(at.directory, { recursive: true });
  await at.store().install();
  const store = at.store();
  await store.use('kv');
  const told = firstValueFrom(store.changes('kv'));
  // Not installed yet, half of it written, and another file: nothing that `use` would give.
  writeFileSync(at.lock, updated);
  writeFileSync(at.lock, updated.subarray(0, 50));
  writeFileSync(join(at.place, 'other.txt'), '');
  writeFileSync(at.lock, updated);
  await at.store().install();
  assert.equal((await told).version, '1.1.0');
  await store.use('kv');
  const back = firstValueFrom(store.changes('kv'));
  writeFileSync(at.lock, before);
  assert.equal((await back).version, '1.0.0');
});

test('a change between use and the subscription is told', async () => {
  const at = rig();
  publish(at.published, { version: '1.0.0' });
  const store = at.store();
  await store.add(at.address);
  await store.use('kv');
  publish(at.published, { version: '1.1.0' });
  await store.update();
  assert.equal((await firstValueFrom(store.changes('kv'))).version, '1.1.0');
});

test('a store that cannot be watched is an error of the changes', async () => {
  const at = rig();
  mkdirSync(join(at.place, 'd'));
  writeFileSync(at.directory, '');
  const change$ = at.store({ lock: join(at.place, 'none/rxplug.lock') }).changes('kv');
  await assert.rejects(firstValueFrom(change$), {
    code: 'ERR_STORE',
    message: /cannot be watched/,
  });
});
