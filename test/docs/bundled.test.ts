import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Script } from 'node:vm';
import { firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import { bundle, record } from '../../examples/bundled/bundle.js';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';

let directory = '';
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bundle'));
  await bundle(directory);
  await record(directory);
});
after(() => rm(directory, { recursive: true }));

async function assertServes(file: string, options: { readonly autoMtls?: boolean } = {}): Promise<void> {
  const command = [process.execPath, join(directory, file)] as const;
  await using client = createClient({ command, handshake, plugins, ...options });
  await client.start();
  const kv = await client.dispense('kv');
  assert.equal((await firstValueFrom(kv.put({ key: 'a', value: new Uint8Array(1) }))).revision, 1n);
}

async function codeFile(): Promise<string> {
  const [name = ''] = (await readdir(directory)).filter((file) => file.endsWith('.code'));
  return join(directory, name);
}

test('the bundle serves without the start script', () => assertServes('plugin.cjs'));

test('modules that the bundle loads on demand are found', () => assertServes('plugin.cjs', { autoMtls: true }));

test('V8 accepts the stored code, and the bundle serves with it', async () => {
  const source = await readFile(join(directory, 'plugin.cjs'), 'latin1');
  const cachedData = await readFile(await codeFile());
  const wrapped = `(function (exports, require, module, __filename, __dirname) {${source}\n})`;
  assert.equal(new Script(wrapped, { cachedData }).cachedDataRejected, false);
  await assertServes('start.cjs');
});

test('the bundle is one ASCII file, and loads only modules of Node', async () => {
  const source = await readFile(join(directory, 'plugin.cjs'));
  assert.ok(source.every((byte) => byte < 0x80));
  const alone = await mkdtemp(join(tmpdir(), 'alone'));
  await writeFile(join(alone, 'plugin.cjs'), source);
  await assertServes(join('..', alone.slice(tmpdir().length), 'plugin.cjs'));
  await rm(alone, { recursive: true });
});

test('the bundle serves although V8 rejects the stored code, and without stored code', async () => {
  const file = await codeFile();
  await writeFile(file, 'not what V8 wrote');
  await assertServes('start.cjs');
  await rm(file);
  await assertServes('start.cjs');
});
