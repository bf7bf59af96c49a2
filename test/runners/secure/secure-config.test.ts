import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, getHashes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { PluginError } from '../../../src/errors.js';
import { processRunner } from '../../../src/runners/process/process-runner.js';
import { openVerified } from '../../../src/runners/secure/open-verified.js';
import { resolveSecureConfig, type SecureConfig } from '../../../src/runners/secure/secure-config.js';
import { testEnv } from '../../fixtures/fixture.js';
import { within } from '../../support/defer.js';

const directory = mkdtempSync(join(tmpdir(), 'c'));
after(() => rmSync(directory, { recursive: true }));
const { signal } = new AbortController();
const hasCode = (code: string) => (error: unknown) => PluginError.is(error) && error.code === code;
const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');
const onLinux = { skip: process.platform === 'linux' ? false : 'only Linux runs a program by its descriptor' };

let count = 0;
function file(content: string, name = `f${count++}`): string {
  const path = join(directory, name);
  writeFileSync(path, content, { mode: 0o755 });
  return path;
}

const commandOf = (path: string) => ({ file: path, args: [], cwd: directory, env: testEnv() });

async function verify(path: string, secure: SecureConfig): Promise<void> {
  const opened = await within(
    10_000,
    'a verdict',
    openVerified(commandOf(path), resolveSecureConfig(secure), { signal }),
  );
  await opened.close();
}

test('H-09 the right checksum passes, as hexadecimal text of either case and as bytes', async () => {
  const path = file('the plugin');
  const checksum = sha256('the plugin');
  await verify(path, { checksum, hash: 'sha256' });
  await verify(path, { checksum: checksum.toUpperCase(), hash: 'SHA256' });
  await verify(path, { checksum: Buffer.from(checksum, 'hex'), hash: 'sha256' });
});

test('every hash that this node:crypto can use does', async () => {
  const path = file('any hash');
  const usable = getHashes().filter((hash) => canUse(hash));
  assert.ok(usable.length > 10, usable.join(' '));
  for (const hash of usable) await verify(path, { hash, checksum: createHash(hash).update('any hash').digest() });
});

function canUse(hash: string): boolean {
  try {
    return createHash(hash).digest().length > 0;
  } catch {
    return false;
  }
}

test('H-09 another checksum, one bit away, is a mismatch', async () => {
  const path = file('the plugin');
  const digest = createHash('sha512').update('the plugin').digest();
  digest[63]! ^= 1;
  await assert.rejects(verify(path, { checksum: digest, hash: 'sha512' }), hasCode('ERR_CHECKSUM_MISMATCH'));
});

for (const [title, secure, code] of [
  ['no checksum', { checksum: '', hash: 'sha256' }, 'ERR_CHECKSUM_MISSING'],
  ['no bytes', { checksum: new Uint8Array(), hash: 'sha256' }, 'ERR_CHECKSUM_MISSING'],
  ['no hash', { checksum: sha256(''), hash: '' }, 'ERR_CHECKSUM_HASH_MISSING'],
  ['a hash that nobody knows', { checksum: sha256(''), hash: 'sha257' }, 'ERR_CHECKSUM_HASH_MISSING'],
  ['a checksum that is cut off', { checksum: sha256('').slice(2), hash: 'sha256' }, 'ERR_OPTIONS'],
  ['a checksum that is no hexadecimal text', { checksum: `${sha256('').slice(1)}g`, hash: 'sha256' }, 'ERR_OPTIONS'],
  ['the checksum of another hash', { checksum: sha256(''), hash: 'sha1' }, 'ERR_OPTIONS'],
  ['a file beside a directory', { checksum: sha256(''), hash: 'sha256', file: 'f', directory: 'd' }, 'ERR_OPTIONS'],
] as const) {
  test(`H-10 ${title} is refused as such, before anything is read`, () => {
    assert.throws(() => resolveSecureConfig(secure), hasCode(code));
  });
}

const secure: SecureConfig = { checksum: sha256(''), hash: 'sha256' };

test('H-10 what cannot be read is refused as such, and its cure is named', async () => {
  const isUnreadable = (pattern: RegExp) => (error: unknown) =>
    hasCode('ERR_CHECKSUM_UNREADABLE')(error) && pattern.test(String(error));
  await assert.rejects(verify(join(directory, 'nowhere'), secure), isUnreadable(/no file .*nowhere.*build the plugin/));
  await assert.rejects(verify('no-such-program-in-path', secure), isUnreadable(/in PATH/));
  mkdirSync(join(directory, 'd'));
  await assert.rejects(verify(join(directory, 'd'), secure), isUnreadable(/is a directory/));
});

test('a pipe that nobody writes to is refused instead of being waited for', onLinux, async () => {
  const path = join(directory, 'fifo');
  execFileSync('mkfifo', [path]);
  await assert.rejects(verify(path, secure), hasCode('ERR_CHECKSUM_UNREADABLE'));
});

test('a start that is given up does not read on', async () => {
  const reason = new Error('given up');
  const options = { signal: AbortSignal.abort(reason) };
  await assert.rejects(openVerified(commandOf(file('x')), resolveSecureConfig(secure), options), reason);
});

test('no file stays open, however it ends', onLinux, async () => {
  const targetOf = (descriptor: string) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      return ''; // closed since, as that of the listing itself
    }
  };
  const openFiles = () => readdirSync('/proc/self/fd').filter((fd) => targetOf(fd).startsWith(directory));
  const path = file('');
  await verify(path, secure);
  await assert.rejects(verify(file('other'), secure));
  await assert.rejects(verify(directory, secure));
  assert.deepEqual(openFiles(), []);
});

test('a runner verifies its program when it is started, and runs none that differs', async () => {
  const path = file('#!/bin/sh\necho good\n');
  const secureConfig = { checksum: sha256('#!/bin/sh\necho good\n'), hash: 'sha256' };
  const good = processRunner({ command: [path], env: testEnv(), secureConfig });
  const changed = processRunner({ command: [path], env: testEnv(), secureConfig });
  await good.start({ signal });
  good.stderr.resume();
  assert.equal(await text(good.stdout), 'good\n');
  writeFileSync(path, '#!/bin/sh\necho evil\n');
  await assert.rejects(changed.start({ signal }), hasCode('ERR_CHECKSUM_MISMATCH'));
  assert.deepEqual(await firstValueFrom(changed.exit$), { code: null, signal: null });
  assert.equal(changed.id, '');
});

test('a runner that is killed while it verifies its program starts nothing', async () => {
  const path = file('#!/bin/sh\necho good\n');
  const secureConfig = { checksum: sha256('#!/bin/sh\necho good\n'), hash: 'sha256' };
  const runner = processRunner({ command: [path], env: testEnv(), secureConfig });
  const started = runner.start({ signal });
  await runner.kill();
  await assert.rejects(started, hasCode('ERR_CLOSED'));
  assert.equal(runner.id, '');
});
