import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import { create } from 'tar';
import { handshake, plugins } from '../../../../examples/grpc-kv/contract.js';
import { goPlugin } from '../../../../examples/grpc-kv/go-plugin.js';
import { createStore } from '../../../../packages/store/src/create-store.js';
import type { StoreOptions } from '../../../../packages/store/src/operations/options.js';
import { formatPublicKey } from '../../../../packages/store/src/signing/public-key.js';
import { generateKey, type SecretKey } from '../../../../packages/store/src/signing/secret-key.js';
import { signRelease } from '../../../../packages/store/src/signing/sign-release.js';
import { pushRelease } from '../../../../packages/store/src/sources/oci/push-release.js';
import { directorySource } from '../../../../packages/store/src/sources/static/static-source.js';
import { writeIndex } from '../../../../packages/store/src/sources/static/write-index.js';
import { needsGo } from '../../../conformance/build-go.js';
import { bundlePlugin } from '../../../support/bundle-plugin.js';
import { temporaryFolder } from '../plugin-archives.js';
import { needs, PROGRAMS, startCraneRegistry, startDockerRegistry } from './registries.js';

const bundle = bundlePlugin();
const run = promisify(execFile);

/** Another machine: a store of its own, in a folder that nobody else can write to. */
function machine(t: TestContext, lock: string, options: StoreOptions = {}) {
  const directory = mkdtempSync(join(homedir(), '.rxplug-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return createStore({ lock, directory, http: { env: {} }, ...options });
}

/** Packs, signs and pushes a version of the plugin in TypeScript. */
async function release(t: TestContext, version: string, key: SecretKey, address: string): Promise<void> {
  const [folder, content] = [temporaryFolder(t), temporaryFolder(t)];
  const manifest = { manifestVersion: 1, name: 'acme/kv', version, run: { any: ['node', 'plugin.mjs'] } };
  writeFileSync(join(content, 'rxplug.plugin.json'), JSON.stringify(manifest));
  copyFileSync(bundle.file, join(content, 'plugin.mjs'));
  await create({ gzip: true, file: join(folder, `kv_${version}_any.tgz`), cwd: content }, readdirSync(content));
  const [written] = await writeIndex(folder);
  const sums = readFileSync(written!.sumsFile);
  writeFileSync(`${written!.sumsFile}.minisig`, signRelease({ name: 'acme/kv', version, sums }, key));
  writeFileSync(join(folder, 'minisign.pub'), formatPublicKey(key.publicKey));
  await writeIndex(folder);
  await pushRelease(directorySource(`dir:${folder}`), version, address, { env: {} });
}

async function starts(options: Awaited<ReturnType<ReturnType<typeof machine>['use']>>): Promise<void> {
  const client = createClient({ ...options, handshake, plugins });
  try {
    await client.start();
    const kv = await client.dispense('kv');
    await firstValueFrom(kv.put({ key: 'planet', value: Buffer.from('red') }));
    assert.equal(Buffer.from((await firstValueFrom(kv.get({ key: 'planet' }))).value).toString(), 'red');
  } finally {
    await client.stop();
  }
}

test(
  'a plugin goes from a signed release in a registry to another machine, and is updated',
  needs('dockerRegistry'),
  async (t) => {
    const { host } = await startDockerRegistry(t);
    const address = `oci://${host}/acme/kv`;
    const key = generateKey();
    await release(t, '1.0.0', key, address);
    const lock = join(temporaryFolder(t), 'rxplug.lock');
    const shown: string[] = [];
    const confirmSigner = ({ signer }: { readonly signer: string }) => shown.push(signer) > 0;
    const added = await machine(t, lock).add(address, { confirmSigner });
    assert.equal(added.version, '1.0.0');
    assert.equal(shown.length, 1, 'the signer is shown once');

    const other = machine(t, lock);
    await assert.rejects(other.use('kv'), /is not installed/);
    await other.install();
    await starts(await other.use('kv'));

    await release(t, '1.1.0', key, address);
    const [updated] = await other.update();
    assert.deepEqual([updated?.from, updated?.to], ['1.0.0', '1.1.0']);
    await starts(await other.use('kv'));

    await release(t, '1.2.0', generateKey(), address);
    await assert.rejects(other.update(), (error: Error & { code?: string }) => /ERR_SIGN/.test(error.code ?? ''));
    assert.equal((await other.use('kv')).manifest?.version, '1.1.0', 'nothing has changed');
  },
);

test('a program in Go out of a container image is pinned and started', {
  skip: needs('crane').skip || needsGo().skip,
}, async (t) => {
  const [binary, ...flags] = (await goPlugin()) ?? [];
  assert.ok(binary !== undefined && existsSync(binary));
  const { host } = await startCraneRegistry(t);
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'bin'));
  copyFileSync(binary, join(folder, 'bin/kv'));
  await create({ file: join(folder, 'layer.tar'), cwd: folder }, ['bin/kv']);
  const image = `${host}/openbao/kv:v2.0.0`;
  const arch = { x64: 'amd64' }[process.arch as 'x64'] ?? process.arch;
  await run(PROGRAMS.crane!, ['append', '--insecure', '-f', join(folder, 'layer.tar'), '-t', image]);
  await run(PROGRAMS.crane!, [
    'mutate',
    '--insecure',
    '--set-platform',
    `${process.platform}/${arch}`,
    image,
    '-t',
    image,
  ]);

  const lock = join(folder, 'rxplug.lock');
  const address = `oci://${host}/openbao/kv#kv`;
  await assert.rejects(machine(t, lock).add(address, { name: 'openbao/kv' }), /sign/);
  const added = await machine(t, lock, { unsigned: 'allow' }).add(address, { name: 'openbao/kv' });
  assert.deepEqual({ version: added.version, source: added.source }, { version: '2.0.0', source: address });
  const other = machine(t, lock, { unsigned: 'allow' });
  await other.install();
  const used = await other.use('kv');
  await starts({ ...used, command: [...used.command, ...flags] });
});
