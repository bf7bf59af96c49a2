import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { UnknownSigner } from '../../../packages/store/src/operations/context.js';
import { signerName } from '../../../packages/store/src/signing/public-key.js';
import { generateKey } from '../../../packages/store/src/signing/secret-key.js';
import { publish, signatureOf, write } from '../support/published.js';
import { fails, rig } from '../support/store-rig.js';

const [key, otherKey] = [generateKey(), generateKey()];
const [signer, other] = [signerName(key.publicKey), signerName(otherKey.publicKey)];
const yes = { confirmSigner: () => true };

test('a plugin of a server has to be signed, one of a folder need not', async () => {
  const at = rig();
  publish(at.published, { version: '1.0.0' });
  await assert.rejects(
    at.store().add(at.server),
    fails('ERR_UNSIGNED', /acme\/kv 1\.0\.0 from server:.* is not signed.*unsigned: 'allow'/),
  );
  assert.equal(existsSync(at.lock), false);
  assert.equal((await at.store().add(at.address)).signer, undefined);
  assert.equal((await at.store({ unsigned: 'allow' }).add(at.server, { as: 'two' })).signer, undefined);
  await assert.rejects(at.store({ unsigned: 'refuse' }).add(at.address, { as: 'three' }), fails('ERR_UNSIGNED'));
  const byAddress = at.store({ unsigned: (address) => (address === at.server ? 'allow' : 'refuse') });
  await byAddress.add(at.server, { as: 'two' });
  await assert.rejects(byAddress.add(at.address), fails('ERR_UNSIGNED'));
});

test('what was locked unsigned is not installed where signatures are demanded', async () => {
  const at = rig();
  publish(at.published, { version: '1.0.0' });
  await at.store({ unsigned: 'allow' }).add(at.server);
  await assert.rejects(at.store().install(), fails('ERR_UNSIGNED'));
  await assert.rejects(at.store().use('kv'), fails('ERR_UNSIGNED', /its signature is not in the store/));
  await at.store({ unsigned: 'allow' }).use('kv');
});

test('the first signer is asked about, and is the only one from then on', async () => {
  const at = rig();
  publish(at.published, { version: '1.0.0', key });
  const asked: UnknownSigner[] = [];
  await assert.rejects(
    at.store().add(at.server),
    fails('ERR_SIGNATURE', /is signed by minisign:RW.*nobody has said.*`trust`/),
  );
  await assert.rejects(at.store().add(at.server, { confirmSigner: () => false }), fails('ERR_SIGNATURE'));
  assert.equal(existsSync(at.lock), false);
  const added = await at.store().add(at.server, { confirmSigner: (unknown) => asked.push(unknown) > 0 });
  assert.deepEqual(asked, [{ signer, name: 'acme/kv', version: '1.0.0', source: at.server }]);
  assert.equal(added.signer, signer);
  await at.store().use('kv');
  publish(at.published, { version: '1.1.0', key });
  assert.deepEqual(await at.store().update(), [{ key: 'kv', name: 'acme/kv', from: '1.0.0', to: '1.1.0' }]);
});

test('another signer than before is refused, also when it is asked about', async () => {
  const at = rig();
  publish(at.published, { version: '1.0.0', key });
  await at.store().add(at.server, yes);
  publish(at.published, { version: '1.1.0', key: otherKey });
  const changed = fails(
    'ERR_SIGNER_CHANGED',
    new RegExp(`is signed by minisign:.*lock file names .*trust: \\[old, new\\]`),
  );
  await assert.rejects(at.store().update(), changed);
  await assert.rejects(at.store().add(at.server, yes), changed);
  assert.match(readFileSync(at.lock, 'utf8'), /"version": "1\.0\.0"/);
});

test('a version without a signature is refused where there was one before', async () => {
  const at = rig();
  publish(at.published, { version: '1.0.0', key });
  await at.store().add(at.address, yes);
  publish(at.published, { version: '1.1.0' });
  await assert.rejects(
    at.store({ unsigned: 'allow' }).update(),
    fails('ERR_UNSIGNED', /was signed by minisign:.* before/),
  );
});

test('a key is replaced by trusting both, and then the new one alone', async () => {
  const at = rig();
  publish(at.published, { version: '1.0.0', key });
  await at.store({ trust: [signer] }).add(at.server);
  publish(at.published, { version: '1.1.0', key: otherKey });
  await assert.rejects(at.store({ trust: [signer] }).update(), fails('ERR_SIGNATURE'));
  await at.store({ trust: [signer, other] }).update();
  assert.ok(readFileSync(at.lock, 'utf8').includes(other));
  await at.store({ trust: [other] }).use('kv');
  await assert.rejects(at.store({ trust: [signer] }).use('kv'), fails('ERR_SIGNATURE'));
});

test('a list of another version, or of another plugin, is not passed off', async () => {
  for (const signedAs of [
    { name: 'acme/kv', version: '0.9.0' },
    { name: 'acme/other', version: '1.0.0' },
  ]) {
    const at = rig();
    publish(at.published, { version: '1.0.0', key, signedAs });
    await assert.rejects(
      at.store({ trust: [signer] }).add(at.server),
      fails('ERR_SIGNATURE', /signature is of acme\/\w+ /),
    );
  }
});

test('a file that the signed list does not have is refused before it is fetched', async () => {
  const at = rig();
  const release = publish(at.published, { version: '1.0.0', key });
  const evil = publish(at.published, { version: '1.0.0', files: { 'plugin.cjs': 'evil()' } });
  write(at.published, { ...evil, signed: release.signed! });
  await assert.rejects(
    at.store({ trust: [signer] }).add(at.server),
    fails('ERR_SIGNATURE', /signed list of acme\/kv 1\.0\.0 does not have kv_1\.0\.0_linux-x64\.tgz with the digest/),
  );
  assert.deepEqual(
    at.requests.filter((request) => request.startsWith('open')),
    [],
  );
});

test('a list that was changed after it was signed is refused', async () => {
  const at = rig();
  const release = publish(at.published, { version: '1.0.0', key });
  const others = signatureOf(publish(at.published, { version: '1.0.0', files: { 'plugin.cjs': 'evil()' } }), otherKey, {
    name: 'acme/kv',
    version: '1.0.0',
  });
  write(at.published, { ...release, signed: { ...release.signed!, sums: others.sums } });
  await assert.rejects(at.store({ trust: [signer] }).add(at.server), fails('ERR_SIGNATURE'));
});

test('what another project has put into the store unsigned is not used by one that demands a signature', async () => {
  const at = rig();
  const release = publish(at.published, { version: '1.0.0', key });
  await at.store().add(at.address, yes);
  rmSync(at.directory, { recursive: true });
  // Another project installs the same archive without looking at its signature.
  const { signed, ...unsigned } = release;
  write(at.published, unsigned);
  await at.store({ lock: join(at.place, 'other.lock') }).add(at.address);
  await assert.rejects(at.store().use('kv'), fails('ERR_UNSIGNED', /rxplug plugin install kv/));
  await assert.rejects(at.store().install(), fails('ERR_UNSIGNED'));
  write(at.published, { ...unsigned, signed: signed! });
  at.requests.length = 0;
  await at.store().install();
  assert.deepEqual(at.requests, ['release 1.0.0']);
  at.requests.length = 0;
  await at.store().install();
  await at.store().use('kv');
  assert.deepEqual(at.requests, []);
});

test('a lock file that names a signer for other digests is refused', async () => {
  const at = rig();
  publish(at.published, { version: '1.0.0', key });
  await at.store().add(at.server, yes);
  const evil = publish(at.published, { version: '1.0.0', files: { 'plugin.cjs': 'evil()' }, key: otherKey });
  const lock = JSON.parse(readFileSync(at.lock, 'utf8'));
  const { digest, size } = evil.platforms['linux-x64']!;
  lock.plugins.kv.platforms['linux-x64'] = { archive: digest, size };
  writeFileSync(at.lock, JSON.stringify(lock));
  await assert.rejects(at.store().install(), fails('ERR_SIGNER_CHANGED'));
});

test('in a folder a signature without its key is not looked at, and one with its key is pinned', async () => {
  const at = rig();
  const release = publish(at.published, { version: '1.0.0', key });
  const { publicKey: _, ...signed } = release.signed!;
  write(at.published, { ...release, signed });
  assert.equal((await at.store().add(at.address)).signer, undefined);
  write(at.published, release);
  assert.equal((await at.store().add(at.address, { as: 'two' })).signer, signer);
});

test('a clock that stands at 1970 changes nothing: signatures and digests have no time', async (t) => {
  t.mock.method(Date, 'now', () => 0);
  const at = rig();
  publish(at.published, { version: '1.0.0', key });
  await at.store({ trust: [signer] }).add(at.server);
  await at.store({ trust: [signer] }).use('kv');
});
