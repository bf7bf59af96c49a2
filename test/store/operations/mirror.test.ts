/** A mirror is written, and read by the package's own source of directories. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createStore } from '../../../packages/store/src/create-store.js';
import { describeOwner } from '../../../packages/store/src/owner.js';
import { signerName } from '../../../packages/store/src/signing/public-key.js';
import { generateKey } from '../../../packages/store/src/signing/secret-key.js';
import { publish, write } from '../support/published.js';
import { fails, LINUX, rig } from '../support/store-rig.js';

const key = generateKey();
const trust = [signerName(key.publicKey)];

/** A place with a signed plugin that is locked; its store and its source are gone. */
async function mirrored() {
  const at = rig();
  publish(at.published, { version: '1.0.0', key });
  await at.store({ trust }).add(at.server);
  const directory = join(at.place, 'mirror');
  const [plugin] = await at.store({ trust }).mirror(directory);
  assert.deepEqual(plugin?.platforms, ['darwin-arm64', 'linux-x64']);
  rmSync(at.directory, { recursive: true });
  const { lock } = at;
  const offline = () =>
    createStore({ lock, directory: at.directory, platform: LINUX, trust, mirror: `dir://${directory}` });
  return { ...at, folder: join(directory, 'acme/kv'), mirror: directory, offline };
}

test('another store installs from a mirror what the lock file says, with its signature', async () => {
  const at = await mirrored();
  rmSync(at.published, { recursive: true });
  await at.offline().install();
  assert.equal((await at.offline().use('kv')).manifest?.version, '1.0.0');
  assert.deepEqual(readdirSync(at.folder).sort(), [
    '1.0.0.json',
    'index.json',
    'kv_1.0.0_SHA256SUMS',
    'kv_1.0.0_SHA256SUMS.minisig',
    'kv_1.0.0_SHA256SUMS.pub',
    'kv_1.0.0_darwin-arm64.tgz',
    'kv_1.0.0_linux-x64.tgz',
  ]);
});

test('a mirror is a source: a plugin can be added from it', async () => {
  const at = await mirrored();
  const store = createStore({ lock: join(at.place, 'new.lock'), directory: at.directory, platform: LINUX, trust });
  const { signer, source } = await store.add(`dir://${at.folder}`);
  assert.deepEqual([signer, source], [trust[0], `dir://${at.folder}`]);
});

test('files that a mirror has are not fetched again, and damaged ones are', async () => {
  const at = await mirrored();
  writeFileSync(join(at.folder, 'kv_1.0.0_linux-x64.tgz'), 'damaged');
  at.requests.length = 0;
  await at.store({ trust }).mirror(at.mirror);
  assert.deepEqual(
    at.requests.filter((request) => request.startsWith('open')).map((request) => request.split(' ')[1]),
    ['kv_1.0.0_linux-x64.tgz'],
  );
  await at.offline().install();
});

test('a file stays in its place while it is compared, and what a killed program has left goes', async () => {
  const at = await mirrored();
  const gone = execFileSync(process.execPath, ['-e', 'console.log(process.pid)'], { encoding: 'utf8' }).trim();
  const left = `.${describeOwner().replace(/^\d+/, gone)}-abcdef.part`;
  const theirs = `.${describeOwner()}-abcdef.part`;
  for (const name of [left, theirs]) writeFileSync(join(at.folder, name), 'half');
  writeFileSync(join(at.folder, 'kv_1.0.0_linux-x64.tgz'), 'damaged');
  const found: boolean[] = [];
  const onProgress = () => void found.push(existsSync(join(at.folder, 'kv_1.0.0_linux-x64.tgz')));
  await at.store({ trust }).mirror(at.mirror, { onProgress });
  assert.ok(found.length > 0 && found.every(Boolean));
  assert.deepEqual(
    readdirSync(at.folder).filter((name) => name.endsWith('.part')),
    [theirs],
  );
});

test('two versions stand beside each other in a mirror', async () => {
  const at = await mirrored();
  publish(at.published, { version: '1.1.0', key });
  await at.store({ trust }).update();
  await at.store({ trust }).mirror(at.mirror, { platforms: ['linux-x64'] });
  assert.deepEqual(Object.keys(JSON.parse(readFileSync(join(at.folder, 'index.json'), 'utf8')).versions), [
    '1.1.0',
    '1.0.0',
  ]);
});

test('a mirror with other files than the lock file says is refused', async () => {
  const at = await mirrored();
  const archive = join(at.folder, 'kv_1.0.0_linux-x64.tgz');
  const bytes = readFileSync(archive);
  bytes[30]! ^= 1;
  writeFileSync(archive, bytes);
  await assert.rejects(at.offline().install(), fails('ERR_DIGEST', /sent a file with the digest/));
  writeFileSync(archive, bytes.subarray(0, 40));
  await assert.rejects(at.offline().install(), { code: 'ERR_SIZE' });
  writeFileSync(join(at.folder, 'kv_1.0.0_SHA256SUMS.minisig'), 'x');
  await assert.rejects(at.offline().install(), fails('ERR_SIGNATURE'));
  at.assertTidy();
});

test('a version that was published anew is not mirrored', async () => {
  const at = await mirrored();
  const release = publish(at.published, { version: '1.0.0', files: { 'plugin.cjs': 'evil()' }, key });
  write(at.published, release);
  await assert.rejects(at.store({ trust }).mirror(join(at.place, 'second')), fails('ERR_DIGEST', /published anew/));
});
