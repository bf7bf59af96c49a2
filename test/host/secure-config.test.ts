import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { bundle as makeBundle } from '../../src/bundle/index.js';
import { createClient, PluginError, processRunner, type SecureConfig } from '../../src/index.js';
import { directoryChecksum } from '../../src/transport.js';
import { bundlePlugin } from '../support/bundle-plugin.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const hasCode = (code: string) => (error: unknown) => PluginError.is(error) && error.code === code;
const plugin = fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url));
const bundle = bundlePlugin();
const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

test('H-09 a plugin whose checksum is right is started: its program, its script or its directory', async () => {
  const directory = {
    checksum: await directoryChecksum(bundle.directory),
    hash: 'sha256',
    directory: bundle.directory,
  };
  for (const secureConfig of [
    { checksum: sha256(process.execPath), hash: 'sha256', file: process.execPath },
    { checksum: sha256(bundle.file), hash: 'sha256', file: bundle.file },
    ...(process.platform === 'win32' ? [] : [directory]),
  ]) {
    const client = createClient({ command: [process.execPath, bundle.file], handshake, plugins, secureConfig });
    await client.start();
    await client.ping();
    await client.stop();
    assert.deepEqual(await firstValueFrom(client.exit$), { code: 0, signal: null });
  }
  assertTempDirEmpty();
});

test('the checksum of the interpreter does not pass for that of the script', async () => {
  const secureConfig = { checksum: sha256(process.execPath), hash: 'sha256' };
  const client = createClient({ command: [process.execPath, bundle.file], handshake, plugins, secureConfig });
  await assert.rejects(client.start(), hasCode('ERR_CHECKSUM_NOT_RUN'));
  assert.equal(client.id, '');
  assertTempDirEmpty();
});

test('a script that imports what was not checked is not started, and the bundle named', async () => {
  const secureConfig = { checksum: sha256(plugin), hash: 'sha256', file: plugin };
  const client = createClient({ command: [process.execPath, plugin], handshake, plugins, secureConfig });
  await assert.rejects(client.start(), hasCode('ERR_CHECKSUM_IMPORTS'));
  assert.equal(client.id, '');
  assertTempDirEmpty();
});

const onLinux = { skip: process.platform === 'linux' ? false : 'only Linux runs a script by its descriptor' };

test('the file of rxplug/bundle is started as it was checked', async () => {
  const file = join(bundle.directory, 'single.cjs');
  const entry = fileURLToPath(new URL('../../examples/bundled/plugin.js', import.meta.url));
  await makeBundle({ entry, outfile: file });
  const secureConfig = { checksum: sha256(file), hash: 'sha256', file };
  await using client = createClient({ command: [process.execPath, file], handshake, plugins, secureConfig });
  await client.start();
  await client.ping();
});

test('a script whose import is only found when it runs fails with the reason', onLinux, async () => {
  const script = join(bundle.directory, 'late.cjs');
  writeFileSync(script, "if (true) require('./late-too.cjs');");
  writeFileSync(join(bundle.directory, 'late-too.cjs'), '');
  const secureConfig = { checksum: sha256(script), hash: 'sha256', file: script };
  const client = createClient({ command: [process.execPath, script], handshake, plugins, secureConfig });
  const isExplained = (error: unknown) =>
    hasCode('ERR_EXITED_EARLY')(error) &&
    /checked bytes.*single file/.test(String((error as PluginError).details?.['diagnosis']));
  await assert.rejects(client.start(), isExplained);
  assertTempDirEmpty();
});

test('H-09 a mismatch prevents the start', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'm'));
  const proof = join(directory, 'started');
  const script = join(directory, 'plugin');
  writeFileSync(script, `#!/bin/sh\ntouch ${proof}\n`, { mode: 0o755 });
  const client = createClient({
    command: [script],
    handshake,
    plugins,
    secureConfig: { checksum: sha256(plugin), hash: 'sha256' },
  });
  await assert.rejects(client.start(), hasCode('ERR_CHECKSUM_MISMATCH'));
  assert.equal(client.id, '');
  assert.equal(existsSync(proof), false);
  rmSync(directory, { recursive: true });
  assertTempDirEmpty();
});

test('H-10 no checksum, no hash and an unreadable file are errors of their own', async () => {
  const create = (command: [string, ...string[]], secureConfig: SecureConfig) =>
    createClient({ command, handshake, plugins, secureConfig });
  const checksum = sha256(plugin);
  assert.throws(() => create([plugin], { checksum: '', hash: 'sha256' }), hasCode('ERR_CHECKSUM_MISSING'));
  assert.throws(() => create([plugin], { checksum, hash: '' }), hasCode('ERR_CHECKSUM_HASH_MISSING'));
  const missing = create(['/nowhere/plugin'], { checksum, hash: 'sha256' });
  await assert.rejects(missing.start(), hasCode('ERR_CHECKSUM_UNREADABLE'));
});

test('secureConfig together with a runner of your own is refused', () => {
  const runner = () => processRunner({ command: [plugin], env: {} });
  const secureConfig = { checksum: sha256(plugin), hash: 'sha256' };
  // @ts-expect-error: what the types forbid is refused at run time too
  assert.throws(() => createClient({ runner, handshake, plugins, secureConfig }), hasCode('ERR_OPTIONS'));
});
