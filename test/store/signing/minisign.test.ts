import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { StoreError } from '../../../packages/store/src/errors.js';
import { formatPublicKey, parsePublicKey } from '../../../packages/store/src/signing/public-key.js';
import { formatSecretKey, generateKey, parseSecretKey } from '../../../packages/store/src/signing/secret-key.js';
import { signMinisign } from '../../../packages/store/src/signing/sign.js';
import { verifyMinisign } from '../../../packages/store/src/signing/verify.js';
import { needsProgram } from '../../support/needs-program.js';

const folder = mkdtempSync(join(tmpdir(), 'minisign-'));
after(() => rmSync(folder, { recursive: true }));
const inFolder = (name: string) => join(folder, name);
const read = (name: string) => readFileSync(inFolder(name), 'utf8');
const write = (name: string, content: string) => writeFileSync(inFolder(name), content);
const isRefused = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof StoreError && error.code === code && message.test(error.message);

const COMMENT = 'rxplug name:acme/kv version:1.4.2';
/** libsodium's INTERACTIVE: a file names its own limits, and minisign takes these too. */
const CHEAP = { operations: 524_288, memoryBytes: 16_777_216 };

/** Runs minisign in the folder, which reads the lines of a password from its stdin. */
function minisign(args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile('minisign', args, { cwd: folder }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${stdout}${stderr}`));
    });
    // One that asks for no password has closed it already.
    child.stdin!.on('error', () => undefined).end(input);
  });
}

describe('with the minisign of Debian', needsProgram('minisign', 'minisign'), () => {
  before(async () => {
    write('message', 'the list\n');
    write('empty', '');
    execFileSync('dd', ['if=/dev/urandom', 'of=large', 'bs=1M', 'count=3'], { cwd: folder, stdio: 'ignore' });
    await minisign(['-G', '-W', '-p', 'plain.pub', '-s', 'plain.key']);
    await minisign(['-G', '-p', 'locked.pub', '-s', 'locked.key'], 'correct horse\ncorrect horse\n');
    await minisign(['-S', '-s', 'plain.key', '-m', 'message', '-t', COMMENT]);
  });

  for (const name of ['message', 'empty', 'large'])
    test(`verifies what it has signed: ${name}`, async () => {
      await minisign(['-S', '-s', 'plain.key', '-m', name, '-x', `${name}.sig`, '-t', `${COMMENT}+é\tx`]);
      const key = parsePublicKey(read('plain.pub'));
      const verified = verifyMinisign(readFileSync(inFolder(name)), readFileSync(inFolder(`${name}.sig`)), [key]);
      assert.deepEqual(verified, { key, trustedComment: `${COMMENT}+é\tx` });
    });

  test('signs what it verifies', async () => {
    const key = generateKey();
    for (const name of ['message', 'empty', 'large']) {
      write(`${name}.ours`, signMinisign(readFileSync(inFolder(name)), key, { trustedComment: `${COMMENT} é` }));
      const said = await minisign(['-V', '-m', name, '-x', `${name}.ours`, '-P', key.publicKey.text]);
      assert.match(
        said,
        /Signature and comment signature verified\nTrusted comment: rxplug name:acme\/kv version:1\.4\.2 é/,
      );
    }
  });

  test('reads its secret keys, plain and encrypted, and signs with them to the same bytes', async () => {
    const plain = await parseSecretKey(read('plain.key'), () => assert.fail('a plain key has no password'));
    assert.equal(formatPublicKey(plain.publicKey), read('plain.pub'));
    assert.equal(signMinisign(Buffer.from('the list\n'), plain, { trustedComment: COMMENT }), read('message.minisig'));

    const locked = await parseSecretKey(read('locked.key'), () => 'correct horse');
    assert.equal(formatPublicKey(locked.publicKey), read('locked.pub'));
  });

  test('a wrong password is told, and a missing one', async () => {
    await assert.rejects(
      parseSecretKey(read('locked.key'), () => 'wrong'),
      isRefused('ERR_KEY', /^The password is not the one of this secret key\.$/),
    );
    await assert.rejects(parseSecretKey(read('locked.key')), isRefused('ERR_KEY', /is encrypted, and no password/));
  });

  test('writes secret keys that it signs with, plain and encrypted', async () => {
    const key = generateKey();
    write('ours.pub', formatPublicKey(key.publicKey));
    write('ours.key', await formatSecretKey(key));
    await minisign(['-S', '-s', 'ours.key', '-m', 'message', '-x', 'by-ours']);
    await minisign(['-V', '-m', 'message', '-x', 'by-ours', '-p', 'ours.pub']);

    write('ours-locked.key', await formatSecretKey(key, { password: 'pass wörd', limits: CHEAP }));
    await minisign(['-S', '-s', 'ours-locked.key', '-m', 'message', '-x', 'by-locked'], 'pass wörd\n');
    await minisign(['-V', '-m', 'message', '-x', 'by-locked', '-p', 'ours.pub']);
    await assert.rejects(
      minisign(['-S', '-s', 'ours-locked.key', '-m', 'message', '-x', 'by-locked'], 'other\n'),
      /Wrong password/,
    );
  });

  test('by default a key costs as much to try as its own', async () => {
    const ours = Buffer.from((await formatSecretKey(generateKey(), { password: 'x' })).split('\n')[1]!, 'base64');
    const its = Buffer.from(read('locked.key').split('\n')[1]!, 'base64');
    assert.deepEqual(ours.subarray(38, 54), its.subarray(38, 54));
  });

  test('its older signatures, without a hash, are refused unless they are asked for', async () => {
    await minisign(['-S', '-l', '-s', 'plain.key', '-m', 'message', '-x', 'legacy', '-t', COMMENT]);
    const [message, signature] = [readFileSync(inFolder('message')), read('legacy')];
    const keys = [parsePublicKey(read('plain.pub'))];
    assert.throws(() => verifyMinisign(message, signature, keys), isRefused('ERR_SIGNATURE', /before 0\.10/));
    assert.equal(verifyMinisign(message, signature, keys, { legacy: true }).trustedComment, COMMENT);
    const other = Buffer.from('another list\n');
    assert.throws(
      () => verifyMinisign(other, signature, keys, { legacy: true }),
      isRefused('ERR_SIGNATURE', /not fit/),
    );
  });

  test('every byte of its signature counts, and every byte of what is signed', () => {
    const signature = read('message.minisig');
    const untrusted = signature.indexOf('\n');
    const keys = [parsePublicKey(read('plain.pub'))];
    const message = Buffer.from('the list\n');
    verifyMinisign(message, signature, keys);
    for (let at = 'untrusted comment: '.length; at < signature.length; at++) {
      const changed = signature.slice(0, at) + (signature[at] === 'A' ? 'B' : 'A') + signature.slice(at + 1);
      // The last line end may be missing, and the first comment is nobody's; nothing else may change.
      if (at < untrusted) verifyMinisign(message, changed, keys);
      else assert.throws(() => verifyMinisign(message, changed, keys), StoreError, `byte ${at} of the signature`);
    }
    for (let at = 0; at < message.length; at++) {
      const changed = Buffer.from(message);
      changed[at]! ^= 1;
      assert.throws(() => verifyMinisign(changed, signature, keys), isRefused('ERR_SIGNATURE', /does not fit/));
    }
  });

  test('what it does not print as verified is not verified: a comment of another signature', async () => {
    await minisign([
      '-S',
      '-s',
      'plain.key',
      '-m',
      'message',
      '-x',
      'other',
      '-t',
      'rxplug name:acme/kv version:9.9.9',
    ]);
    const [first, second] = [read('message.minisig').split('\n'), read('other').split('\n')];
    const mixed = [...first.slice(0, 2), ...second.slice(2)].join('\n');
    // Ed25519 is deterministic: both have signed the same message, and only the comments differ.
    assert.equal(first[1], second[1]);
    const swapped = [first[0], first[1], second[2], first[3], ''].join('\n');
    const keys = [parsePublicKey(read('plain.pub'))];
    verifyMinisign(Buffer.from('the list\n'), mixed, keys);
    assert.throws(
      () => verifyMinisign(Buffer.from('the list\n'), swapped, keys),
      isRefused('ERR_SIGNATURE', /trusted comment was changed/),
    );
  });
});
