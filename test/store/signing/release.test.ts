import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Digest } from '../../../packages/store/src/digest.js';
import { minisignVerifier } from '../../../packages/store/src/signing/minisign-verifier.js';
import { formatPublicKey, minisignKey } from '../../../packages/store/src/signing/public-key.js';
import { formatReleaseComment, parseReleaseComment } from '../../../packages/store/src/signing/release-comment.js';
import { generateKey, type SecretKey } from '../../../packages/store/src/signing/secret-key.js';
import { signMinisign } from '../../../packages/store/src/signing/sign.js';
import { signRelease } from '../../../packages/store/src/signing/sign-release.js';
import { formatSums, parseSums } from '../../../packages/store/src/signing/sums.js';
import { PluginError } from '../../../src/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'release-'));
after(() => rmSync(folder, { recursive: true }));
const isRefused = (code: string, message: RegExp) => (error: unknown) =>
  PluginError.is(error) && error.code === code && message.test(error.message);

const DIGEST: Digest = `sha256:${'9c'.repeat(32)}`;
const SUMS = Buffer.from(formatSums(new Map([['kv_1.4.2_linux-x64.tgz', DIGEST]])));
const RELEASE = { name: 'acme/kv', version: '1.4.2', sums: SUMS };
const signerOf = (key: SecretKey) => minisignKey(key.publicKey.text);

function signed(key: SecretKey, release = RELEASE) {
  const signature = Buffer.from(signRelease(release, key));
  return { ...release, signature, publicKey: Buffer.from(formatPublicKey(key.publicKey)) };
}

describe('the verifier', () => {
  const key = generateKey();
  const verifier = minisignVerifier();

  test('tells who has signed a release', async () => {
    assert.deepEqual(await verifier.verify(signed(key), [signerOf(key)]), { signer: signerOf(key) });
  });

  test('without a trusted key takes the one that the source offers, and names it', async () => {
    assert.deepEqual(await verifier.verify(signed(key)), { signer: signerOf(key) });
    const { publicKey: _, ...unoffered } = signed(key);
    await assert.rejects(verifier.verify(unoffered), isRefused('ERR_SIGNATURE', /does not offer the public key/));
    const other = { ...signed(key), publicKey: Buffer.from(formatPublicKey(generateKey().publicKey)) };
    await assert.rejects(verifier.verify(other), isRefused('ERR_SIGNATURE', /by the key/));
    const none = { ...signed(key), publicKey: Buffer.from('none') };
    await assert.rejects(verifier.verify(none), isRefused('ERR_SIGNATURE', /offers a public key that is none/));
  });

  test('with a trusted key does not look at the one that the source offers', async () => {
    const impostor = generateKey();
    await assert.rejects(verifier.verify(signed(impostor), [signerOf(key)]), isRefused('ERR_SIGNATURE', /by the key/));
  });

  test('takes the old and the new key while both are trusted', async () => {
    const next = generateKey();
    const trusted = [signerOf(key), signerOf(next)];
    assert.deepEqual(await verifier.verify(signed(key), trusted), { signer: signerOf(key) });
    assert.deepEqual(await verifier.verify(signed(next), trusted), { signer: signerOf(next) });
    await assert.rejects(verifier.verify(signed(key), [signerOf(next)]), isRefused('ERR_SIGNATURE', /by the key/));
  });

  test('knows no signers of another kind, and refuses a malformed one', async () => {
    const none = isRefused('ERR_SIGNATURE', /No key of minisign is trusted/);
    await assert.rejects(verifier.verify(signed(key), []), none);
    await assert.rejects(verifier.verify(signed(key), ['sigstore:https://issuer.example subject']), none);
    await assert.rejects(verifier.verify(signed(key), ['minisign:RWQ']), isRefused('ERR_KEY', /no public key/));
  });

  test('refuses the signed list of another version, and of another plugin', async () => {
    const trusted = [signerOf(key)];
    const older = { ...signed(key, { ...RELEASE, version: '1.4.1' }), version: '1.4.2' };
    await assert.rejects(
      verifier.verify(older, trusted),
      isRefused('ERR_SIGNATURE', /of acme\/kv 1\.4\.1, and not of acme\/kv 1\.4\.2/),
    );
    const another = { ...signed(key, { ...RELEASE, name: 'acme/kv2' }), name: 'acme/kv' };
    await assert.rejects(verifier.verify(another, trusted), isRefused('ERR_SIGNATURE', /of acme\/kv2 1\.4\.2/));
  });

  test('refuses a signature that names no release', async () => {
    const signature = Buffer.from(signMinisign(SUMS, key, { trustedComment: 'timestamp:1700000000\tfile:SHA256SUMS' }));
    await assert.rejects(
      verifier.verify({ ...RELEASE, signature }, [signerOf(key)]),
      isRefused('ERR_SIGNATURE', /names no release.*with minisign give it by -t/),
    );
  });

  test('refuses a list that was changed', async () => {
    const sums = Buffer.from(SUMS.toString().replace('9c', '9d'));
    await assert.rejects(
      verifier.verify({ ...signed(key), sums }, [signerOf(key)]),
      isRefused('ERR_SIGNATURE', /does not fit/),
    );
  });
});

describe('the comment of a release', () => {
  test('comes back', () => {
    const release = { name: '@acme/kv', version: '1.4.2-rc.1+build.5' };
    assert.equal(formatReleaseComment(release), 'rxplug name:@acme/kv version:1.4.2-rc.1+build.5');
    assert.deepEqual(parseReleaseComment(formatReleaseComment(release)), release);
  });

  for (const comment of [
    '',
    'rxplug name:acme/kv',
    'rxplug version:1.4.2 name:acme/kv',
    'rxplug name:acme/kv  version:1.4.2',
    'rxplug name:acme/kv version:1.4.2 ',
    ' rxplug name:acme/kv version:1.4.2',
    'rxplug name:acme/kv version:1.4.2 version:1.4.3',
    'rxplug name:acme/kv version:1.4.2\tx',
    'rxplug name: version:1.4.2',
    'rxplug name:acmé/kv version:1.4.2',
    'RXPLUG name:acme/kv version:1.4.2',
  ])
    test(`is refused: ${JSON.stringify(comment)}`, () =>
      assert.throws(() => parseReleaseComment(comment), isRefused('ERR_SIGNATURE', /names no release/)));

  for (const [name, version] of [
    ['', '1.0.0'],
    ['a b', '1.0.0'],
    ['a version:2.0.0', '1.0.0'],
    ['a', '1.0.0\n'],
    ['a', ''],
  ] as const)
    test(`is not written for ${JSON.stringify([name, version])}`, () =>
      assert.throws(() => formatReleaseComment({ name, version }), isRefused('ERR_OPTIONS', /without spaces/)));
});

describe('SHA256SUMS', () => {
  test('is what sha256sum writes, checks and is read from', () => {
    writeFileSync(join(folder, 'b.tgz'), 'two');
    writeFileSync(join(folder, 'a_1.0.0+x.tgz'), 'one');
    const written = execFileSync('sha256sum', ['a_1.0.0+x.tgz', 'b.tgz'], { cwd: folder });
    const files = parseSums(written);
    assert.deepEqual([...files.keys()], ['a_1.0.0+x.tgz', 'b.tgz']);
    assert.equal(formatSums(new Map([...files].reverse())), written.toString());
    assert.deepEqual(parseSums(execFileSync('sha256sum', ['-b', 'a_1.0.0+x.tgz', 'b.tgz'], { cwd: folder })), files);
    writeFileSync(join(folder, 'SHA256SUMS'), formatSums(files));
    const checked = execFileSync('sha256sum', ['--strict', '-c', 'SHA256SUMS'], { cwd: folder, encoding: 'utf8' });
    assert.equal(checked, 'a_1.0.0+x.tgz: OK\nb.tgz: OK\n');
  });

  const hex = '9c'.repeat(32);
  for (const [what, text] of [
    ['nothing', ''],
    ['a path', `${hex}  ../kv.tgz\n`],
    ['a folder', `${hex}  bin/kv\n`],
    ['a hidden file', `${hex}  .kv\n`],
    ['an option', `${hex}  -kv\n`],
    ['a backslash', `\\${hex}  k\\nv\n`],
    ['capital letters', `${hex.toUpperCase()}  kv.tgz\n`],
    ['a short digest', `${hex.slice(2)}  kv.tgz\n`],
    ['one space', `${hex} kv.tgz\n`],
    ['a carriage return', `${hex}  kv.tgz\r\n`],
    ['an empty line', `${hex}  kv.tgz\n\n`],
    ['a comment', `# list\n${hex}  kv.tgz\n`],
    ['BSD style', `SHA256 (kv.tgz) = ${hex}\n`],
    ['a name twice', `${hex}  kv.tgz\n${'00'.repeat(32)}  kv.tgz\n`],
    ['a name of 300 characters', `${hex}  ${'k'.repeat(300)}\n`],
    ['too many lines', Array.from({ length: 1001 }, (_, index) => `${hex}  ${index}\n`).join('')],
    ['too long', ' '.repeat(400_000)],
  ] as const)
    test(`is refused: ${what}`, () =>
      assert.throws(() => parseSums(text), isRefused('ERR_SIGNATURE', /^The list of digests/)));

  test('is not signed when it is malformed, nor written with an odd name', () => {
    const sums = Buffer.from('hello\n');
    assert.throws(
      () => signRelease({ ...RELEASE, sums }, generateKey()),
      isRefused('ERR_SIGNATURE', /has the line "hello"/),
    );
    for (const name of ['a/b', '..', 'a b', '-x', ''])
      assert.throws(() => formatSums(new Map([[name, DIGEST]])), isRefused('ERR_OPTIONS', /file's name/));
  });
});
