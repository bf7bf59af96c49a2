import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { readLock } from '../../../packages/store/src/lock/read-lock.js';
import { failure, good, json, newPlace, publish, STORE } from './published.js';

/** As long as `.complete` says so. */
function unusedFor(days: number, folder: string): void {
  const at = new Date(Date.now() - days * 24 * 3_600_000);
  for (const path of [join(dirname(folder), '.complete'), dirname(folder)]) utimesSync(path, at, at);
}

test('remove takes plugins out of the lock file, all or none, and leaves their files', async () => {
  const { address } = await publish('1.0.0');
  const cwd = newPlace();
  for (const as of ['a', 'b', 'c']) await good(cwd, ['add', address, '--as', as, '--yes', ...STORE]);
  assert.match(await failure(1, cwd, ['remove', 'a', 'none', ...STORE]), /ERR_LOCK: .*no plugin "none"/);
  assert.deepEqual(Object.keys((await readLock(join(cwd, 'rxplug.lock'))).plugins), ['a', 'b', 'c']);
  const { stdout } = await good(cwd, ['remove', 'a', ...STORE]);
  assert.equal(stdout, 'a, which was acme/kv 1.0.0, is out of the lock file\n');
  const removed = await json<readonly { key: string; version: string }[]>(cwd, ['remove', 'b', 'c', ...STORE]);
  assert.deepEqual(
    removed.map(({ key, version }) => [key, version]),
    [
      ['b', '1.0.0'],
      ['c', '1.0.0'],
    ],
  );
  assert.deepEqual(await json(cwd, ['list', ...STORE]), []);
  await failure(2, cwd, ['remove', ...STORE]);
  assert.match(await failure(1, cwd, ['remove', 'a', ...STORE]), /It has: none\./);
  assert.equal(readdirSync(join(cwd, 'store')).filter((name) => name.length === 64).length, 1);
});

test('prune removes what the lock file does not name and nobody has used for long', async () => {
  const { address } = await publish('1.0.0', '1.1.0', '1.2.0');
  const cwd = newPlace();
  const folders: string[] = [];
  for (const [as, range] of [
    ['kept', '1.0.0'],
    ['old', '1.1.0'],
    ['new', '1.2.0'],
  ] as const)
    await good(cwd, ['add', address, '--as', as, '--range', range, '--yes', ...STORE]);
  for (const { folder } of await json<{ folder: string }[]>(cwd, ['list', ...STORE])) folders.push(folder);
  const [kept, recent, old] = folders as [string, string, string];
  unusedFor(100, kept);
  unusedFor(29, recent);
  unusedFor(31, old);
  await good(cwd, ['remove', 'old', 'new', ...STORE]);
  mkdirSync(join(cwd, 'store/other'));
  const { stdout } = await good(cwd, ['prune', ...STORE]);
  assert.match(stdout, new RegExp(`^sha256:${dirname(old).slice(-64)} {2}\\d+ bytes\n\\d+ bytes were removed\\.\n$`));
  assert.deepEqual([kept, recent, old].map(existsSync), [true, true, false]);
  assert.equal((await good(cwd, ['prune', ...STORE])).stdout, 'Nothing was removed.\n');
  const [{ archive }] = await json<[{ archive: string }]>(cwd, ['prune', '--days', '0', ...STORE]);
  assert.equal(archive, `sha256:${dirname(recent).slice(-64)}`);
  assert.deepEqual(readdirSync(join(cwd, 'store')).sort(), [dirname(kept).slice(-64), 'other', 'tmp']);
  assert.deepEqual(readdirSync(join(cwd, 'store/tmp')), []);
  await good(cwd, ['verify', ...STORE]);
});

test('what is used is not pruned, though it was installed long ago', async () => {
  const { address } = await publish('1.0.0');
  const cwd = newPlace();
  await good(cwd, ['add', address, '--yes', ...STORE]);
  const other = newPlace();
  cpSync(join(cwd, 'rxplug.lock'), join(other, 'rxplug.lock'));
  const [{ folder }] = await json<[{ folder: string }]>(cwd, ['list', ...STORE]);
  for (const command of ['verify', 'install']) {
    unusedFor(31, folder);
    await good(cwd, [command, ...STORE]);
    writeFileSync(join(other, 'rxplug.lock'), '{"lockVersion":1,"plugins":{}}');
    assert.equal((await good(other, ['prune', '--directory', join(cwd, 'store')])).stdout, 'Nothing was removed.\n');
  }
});

test('an empty store, and days that are none', async () => {
  const cwd = newPlace();
  assert.deepEqual(await json(cwd, ['prune', ...STORE]), []);
  for (const days of ['-1', 'x', 'NaN']) await failure(2, cwd, ['prune', `--days=${days}`, ...STORE]);
});
