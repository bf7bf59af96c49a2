import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { editLock } from '../../../packages/store/src/lock/edit-lock.js';
import { formatLock } from '../../../packages/store/src/lock/format-lock.js';
import type { LockedPlugin, LockFile } from '../../../packages/store/src/lock/lock-file.js';
import { parseLock } from '../../../packages/store/src/lock/parse-lock.js';
import { lockedPlugin, readLock } from '../../../packages/store/src/lock/read-lock.js';

const place = mkdtempSync(join(tmpdir(), 'lock'));
after(() => rmSync(place, { recursive: true }));

const kv: LockedPlugin = {
  name: 'acme/kv-redis',
  source: 'https://plugins.example/acme/kv-redis',
  range: '^1.4',
  version: '1.4.2',
  signer: 'minisign:RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3',
  platforms: {
    'linux-x64': {
      archive: `sha256:${'9c'.repeat(32)}`,
      size: 8_123_456,
      files: 'h1:IL9mSatmwov+e0+++YX2V6uel+dV6bn+fC/cnGDK3Ck=',
    },
    'darwin-arm64': { archive: `sha256:${'77'.repeat(32)}`, size: 7_999_000 },
  },
};
const lock: LockFile = { lockVersion: 1, plugins: { kv } };

/** The lock file as JSON, with a change. */
function changed(change: (plugin: Record<string, unknown>, whole: Record<string, unknown>) => unknown): string {
  const whole = JSON.parse(formatLock(lock)) as { plugins: { kv: Record<string, unknown> } };
  change(whole.plugins.kv, whole as unknown as Record<string, unknown>);
  return JSON.stringify(whole);
}

test('what is written is what is read, sorted and with one text for the same content', () => {
  const text = formatLock({ lockVersion: 1, plugins: { zoo: kv, kv } });
  assert.deepEqual(JSON.parse(JSON.stringify(parseLock(text, 'f'))), JSON.parse(text));
  assert.equal(formatLock(parseLock(text, 'f')), text);
  assert.ok(text.indexOf('"kv"') < text.indexOf('"zoo"'));
  assert.ok(text.indexOf('"darwin-arm64"') < text.indexOf('"linux-x64"'));
  assert.ok(text.endsWith('}\n'));
});

for (const [what, text, message] of [
  ['no JSON', '{', /no JSON/],
  ['the marks of a merge', '<<<<<<< ours\n{}', /marks of a merge/],
  ['no object', '[]', /expected it to be an object/],
  ['no version', '{"plugins":{}}', /`lockVersion` to be 1, got undefined/],
  [
    'a newer version',
    changed((_, whole) => (whole['lockVersion'] = 2)),
    /lockVersion 2.*reads 1\. Update rxplug-store/,
  ],
  ['an unknown field', changed((_, whole) => (whole['extra'] = 1)), /It has "extra"/],
  ['an unknown field of a plugin', changed((plugin) => (plugin['hash'] = 1)), /`plugins\.kv` has "hash"/],
  ['a name that leads upwards', changed((plugin) => (plugin['name'] = '../kv')), /`plugins\.kv\.name`/],
  ['a version that is none', changed((plugin) => (plugin['version'] = 'v1')), /`plugins\.kv\.version`/],
  ['a range that is none', changed((plugin) => (plugin['range'] = 'newest')), /`plugins\.kv\.range`/],
  ['no source', changed((plugin) => delete plugin['source']), /`plugins\.kv\.source`/],
  ['a line break in the source', changed((plugin) => (plugin['source'] = 'https://a\n')), /`plugins\.kv\.source`/],
  ['no platforms', changed((plugin) => (plugin['platforms'] = null)), /`plugins\.kv\.platforms` to be an object/],
  [
    'another digest',
    changed((plugin) => (plugin['platforms'] = { any: { archive: 'md5:1', size: 1 } })),
    /platforms\.any\.archive` to be `sha256:`/,
  ],
  [
    'a negative size',
    changed((plugin) => (plugin['platforms'] = { any: { archive: `sha256:${'0'.repeat(64)}`, size: -1 } })),
    /platforms\.any\.size/,
  ],
  ['a strange platform', changed((plugin) => (plugin['platforms'] = { '..': {} })), /platforms` to be named as/],
  ['a prototype', '{"lockVersion":1,"plugins":{"__proto__":{}}}', /plugins` to be named with/],
] as const)
  test(`refuses a lock file with ${what}`, () => {
    assert.throws(() => parseLock(text, 'rxplug.lock'), { code: 'ERR_LOCK', message });
  });

test('a name of Object is no locked plugin', () => {
  assert.throws(() => lockedPlugin(parseLock('{"lockVersion":1,"plugins":{}}', 'f'), 'constructor', 'f'), {
    code: 'ERR_LOCK',
    message: /f has no plugin "constructor"\. It has: none\. Add it with `rxplug plugin add/,
  });
});

test('a file that is not there is an empty lock file, one that is too large is refused before it is read', async () => {
  assert.deepEqual(Object.keys((await readLock(join(place, 'none'))).plugins), []);
  const large = join(place, 'large');
  writeFileSync(large, Buffer.alloc((4 << 20) + 1, ' '));
  await assert.rejects(readLock(large), { code: 'ERR_LOCK', message: /4194305 bytes/ });
  writeFileSync(large, Buffer.from([0xff, 0xfe]));
  await assert.rejects(readLock(large), { code: 'ERR_LOCK' });
});

test('a change that fails leaves the file, and nothing beside it', async () => {
  const folder = mkdtempSync(join(place, 'd'));
  const file = join(folder, 'rxplug.lock');
  await editLock(file, () => lock);
  const before = readFileSync(file, 'utf8');
  await assert.rejects(
    editLock(file, () => {
      throw new Error('no');
    }),
    { code: 'ERR_LOCK' },
  );
  await assert.rejects(
    editLock(join(folder, 'none/rxplug.lock'), () => lock),
    { code: 'ERR_LOCK' },
  );
  assert.equal(readFileSync(file, 'utf8'), before);
  assert.deepEqual(readdirSync(folder), ['rxplug.lock']);
});

test('the change of a program that was killed is taken over', async () => {
  const folder = mkdtempSync(join(place, 'd'));
  const file = join(folder, 'rxplug.lock');
  const child = fork(fileURLToPath(new URL('edits.js', import.meta.url)), [file, 'killed']);
  await once(child, 'exit');
  assert.deepEqual(readdirSync(folder), ['rxplug.lock.edit']);
  await editLock(file, () => lock);
  assert.deepEqual(readdirSync(folder), ['rxplug.lock']);
});

test('programs that change it at the same time lose nothing of each other', async () => {
  const folder = mkdtempSync(join(place, 'd'));
  const file = join(folder, 'rxplug.lock');
  const keys = Array.from({ length: 12 }, (_, index) => `kv${index}`);
  const exits = keys.map((key) => once(fork(fileURLToPath(new URL('edits.js', import.meta.url)), [file, key]), 'exit'));
  for (const [code] of await Promise.all(exits)) assert.equal(code, 0);
  assert.deepEqual(Object.keys((await readLock(file)).plugins), keys.sort());
  assert.deepEqual(readdirSync(folder), ['rxplug.lock']);
});
