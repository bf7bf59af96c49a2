import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createStore } from '../../../packages/store/src/create-store.js';
import { readLock } from '../../../packages/store/src/lock/read-lock.js';
import { writeIndex } from '../../../packages/store/src/sources/static/write-index.js';
import { writeArchive } from '../sources/plugin-archives.js';
import { publish, write } from '../support/published.js';
import { fails, rig } from '../support/store-rig.js';

test('adds the newest version of a range, with the digests of all platforms, and installs it for this one', async () => {
  const at = rig();
  for (const version of ['1.2.0', '1.4.2', '2.0.0', '1.5.0-rc.1']) publish(at.published, { version });
  const added = await at.store().add(at.address, { range: '^1.2' });
  assert.equal(added.key, 'kv');
  assert.equal(added.version, '1.4.2');
  const { plugins } = await readLock(at.lock);
  const { kv } = plugins;
  assert.deepEqual(Object.keys(kv?.platforms ?? {}).sort(), ['darwin-arm64', 'linux-x64']);
  assert.match(kv?.platforms['linux-x64']?.files ?? '', /^h1:/);
  assert.equal(kv?.platforms['darwin-arm64']?.files, undefined);
  assert.equal(kv?.range, '^1.2');
  assert.equal(kv?.source, at.address);
  const { command, cwd } = await at.store().use('kv');
  assert.deepEqual(command, ['node', 'plugin.cjs']);
  assert.match(readFileSync(join(cwd, 'plugin.cjs'), 'utf8'), /1\.4\.2 linux-x64/);
  at.assertTidy();
});

test('without a range it takes the newest that is no prerelease, and the range that npm writes', async () => {
  const at = rig();
  for (const version of ['1.2.0', '2.0.0-rc.1']) publish(at.published, { version });
  const { version, range } = await at.store().add(at.address);
  assert.deepEqual([version, range], ['1.2.0', '^1.2.0']);
});

test('a plugin gets the name that is asked for, and two of one kind stand beside each other', async () => {
  const at = rig();
  publish(at.published, { version: '1.0.0' });
  publish(at.published, { version: '2.0.0' });
  await at.store().add(at.address, { as: 'old', range: '^1' });
  await at.store().add(at.address, { as: 'new', range: '^2' });
  assert.deepEqual(
    (await at.store().list()).map(({ key, version, platform }) => [key, version, platform]),
    [
      ['new', '2.0.0', 'linux-x64'],
      ['old', '1.0.0', 'linux-x64'],
    ],
  );
});

test('of two programs that add different plugins by one name the second is told', async () => {
  const [at, other] = [rig(), rig()];
  publish(at.published, { version: '1.0.0' });
  publish(other.published, { version: '1.0.0', name: 'beta/kv' });
  const found = await Promise.allSettled([at.store().add(at.address), at.store().add(other.address)]);
  const failed = found.filter((one) => one.status === 'rejected');
  assert.equal(failed.length, 1, 'one of them is in the lock file');
  fails('ERR_LOCK', /Another program has changed `kv` of .*do the same again/)(failed[0]?.reason);
  const [first] = found.filter((one) => one.status === 'fulfilled');
  assert.equal((await readLock(at.lock)).plugins['kv']?.name, first?.value.name);
});

test('two programs that add the same plugin do not disturb each other', async () => {
  const at = rig();
  publish(at.published, { version: '1.0.0' });
  await Promise.all([at.store().add(at.address), at.store().add(at.address)]);
  assert.equal((await readLock(at.lock)).plugins['kv']?.version, '1.0.0');
});

test('a folder with a space in its name is written so that the lock file can be read', async () => {
  const at = rig();
  const folder = join(at.place, 'two words');
  mkdirSync(folder);
  await writeArchive(folder, '1.0.0', 'any');
  await writeIndex(folder);
  for (const address of [`dir:${folder}`, `dir://${folder}`]) {
    const { source } = await createStore({ lock: at.lock, directory: at.directory }).add(address);
    assert.equal(source, `dir://${at.place}/two%20words`);
    assert.equal((await readLock(at.lock)).plugins['kv']?.source, source);
  }
  await createStore({ lock: at.lock, directory: at.directory }).update();
});

test('a range without a version leaves no lock file', async () => {
  const at = rig();
  publish(at.published, { version: '1.0.0' });
  await assert.rejects(
    at.store().add(at.address, { range: '^3' }),
    fails('ERR_RANGE', /"\^3".*newest that it has: 1\.0\.0/),
  );
  assert.equal(existsSync(at.lock), false);
});

test('a plugin that is for other versions of the application is refused, with the newest that fits', async () => {
  const at = rig();
  publish(at.published, { version: '1.0.0', manifest: { hosts: { acme: '^3' } } });
  publish(at.published, { version: '1.1.0', manifest: { hosts: { acme: '^3' } } });
  publish(at.published, { version: '1.2.0', manifest: { hosts: { acme: '>=4' } } });
  const store = at.store({ host: { name: 'acme', version: '3.4.0' } });
  await assert.rejects(
    store.add(at.address),
    fails(
      'ERR_HOST_VERSION',
      /acme\/kv 1\.2\.0 is for acme >=4, and this is acme 3\.4\.0\. The newest version that fits is 1\.1\.0/,
    ),
  );
  assert.equal(existsSync(at.lock), false);
  assert.deepEqual(
    at.requests.filter((request) => request.startsWith('open')),
    [],
  );
  assert.equal((await store.add(at.address, { range: '1.1' })).version, '1.1.0');
});

test('the manifest in the archive counts, not the one beside it', async () => {
  const at = rig();
  const release = publish(at.published, { version: '1.0.0', manifest: { hosts: { acme: '>=4' } } });
  write(at.published, { ...release, manifest: { manifestVersion: 1, name: 'acme/kv', version: '1.0.0' } });
  await assert.rejects(
    at.store({ host: { name: 'acme', version: '3.4.0' } }).add(at.address),
    fails('ERR_HOST_VERSION', /is for acme >=4/),
  );
  assert.equal(existsSync(at.lock), false);
});

test('an application without a version takes every plugin, with a warning', async () => {
  const at = rig();
  publish(at.published, { version: '1.0.0', manifest: { hosts: { acme: '^3' } } });
  const warnings: string[] = [];
  const store = at.store({ host: { name: 'acme', version: 'dev' }, onWarning: (message) => warnings.push(message) });
  await store.add(at.address);
  await store.use('kv');
  assert.match(warnings.at(-1) ?? '', /acme\/kv 1\.0\.0 is for acme \^3, .* is "dev"/);
});

test('a platform without a file is named, with those that there are', async () => {
  const at = rig();
  publish(at.published, { version: '1.0.0', platforms: ['win32-x64', 'linux-x64-musl'] });
  await assert.rejects(
    at.store().add(at.address),
    fails('ERR_PLATFORM', /nothing for linux-x64\. It has: linux-x64-musl, win32-x64/),
  );
});

test('with musl the file for musl is installed', async () => {
  const at = rig();
  publish(at.published, { version: '1.0.0', platforms: ['linux-x64', 'linux-x64-musl'] });
  const store = at.store({ platform: { platform: 'linux', arch: 'x64', musl: true } });
  const { platforms } = await store.add(at.address);
  assert.equal(typeof platforms['linux-x64-musl']?.files, 'string');
  assert.equal(platforms['linux-x64']?.files, undefined);
});

test('files of other platforms are installed when they are named, and have a hash in the lock file', async () => {
  const at = rig();
  publish(at.published, { version: '1.0.0' });
  const { platforms } = await at.store().add(at.address, { platforms: ['linux-x64', 'darwin-arm64'] });
  assert.match(platforms['darwin-arm64']?.files ?? '', /^h1:/);
  await assert.rejects(
    at.store().add(at.address, { platforms: ['sunos-x64'] }),
    fails('ERR_PLATFORM', /nothing for sunos-x64/),
  );
});

test('another plugin under a name that is taken is refused', async () => {
  const at = rig();
  publish(at.published, { version: '1.0.0' });
  await at.store().add(at.address);
  rmSync(join(at.published, '1.0.0.json'));
  publish(at.published, { version: '1.0.0', name: 'other/kv' });
  await assert.rejects(at.store().add(at.address), fails('ERR_LOCK', /`kv` is acme\/kv, and .* has other\/kv/));
});

test('a program that is no archive is placed under its name, and is its own command', async () => {
  const at = rig();
  const release = publish(at.published, { version: '1.0.0', platforms: ['linux-x64'] });
  const { platforms } = release;
  platforms['linux-x64'] = { ...platforms['linux-x64']!, program: 'kv-plugin' };
  write(at.published, { version: '1.0.0', platforms });
  await assert.rejects(at.store().add(at.address), { code: 'ERR_OPTIONS', message: /no manifest beside its files/ });
  await at.store().add(at.address, { name: 'openbao/kv' });
  const used = await at.store().use('kv');
  assert.deepEqual(used.command, [join(used.cwd, 'kv-plugin')]);
  assert.equal(used.manifest, undefined);
  assert.equal((await readLock(at.lock)).plugins['kv']?.platforms['linux-x64']?.program, 'kv-plugin');
});

test('an answer of a source that is malformed is told with its address', async () => {
  for (const [change, message] of [
    [{ version: '1.0.1' }, /asked for the version "1\.0\.0" and gives "1\.0\.1"/],
    [{ manifest: '{' }, /plugin manifest is no JSON/],
    [
      { manifest: { manifestVersion: 1, name: 'acme/kv', version: '2.0.0' } },
      /manifest of the version 1\.0\.0 says 2\.0\.0/,
    ],
    [{ platforms: { '../x': {} } }, /"\.\.\/x" is no platform/],
    [{ platforms: { any: { digest: 'md5:0', size: 1, fileName: 'a' } } }, /digest for any is "md5:0"/],
    [
      { platforms: { any: { digest: `sha256:${'0'.repeat(64)}`, size: 1, fileName: '../a' } } },
      /name of the file for any is "\.\.\/a"/,
    ],
    [{ platforms: { any: { digest: `sha256:${'0'.repeat(64)}`, size: -1, fileName: 'a' } } }, /size for any is -1/],
  ] as const) {
    const at = rig();
    const release = publish(at.published, { version: '1.0.0' });
    writeFileSync(join(at.published, '1.0.0.json'), JSON.stringify({ ...release, ...change }));
    await assert.rejects(at.store().add(at.address), fails('ERR_SOURCE', message));
  }
});

test('a version may have the metadata of its build', async () => {
  const at = rig();
  publish(at.published, { version: '1.0.0+linux.1' });
  assert.equal((await at.store().add(at.address)).version, '1.0.0+linux.1');
  assert.equal((await at.store().use('kv')).manifest?.version, '1.0.0+linux.1');
});

test('a platform that a source does not list any more stays locked for its version', async () => {
  const at = rig();
  const release = publish(at.published, { version: '1.0.0' });
  await at.store().add(at.address);
  const { 'darwin-arm64': _, ...platforms } = release.platforms;
  write(at.published, { ...release, platforms });
  await at.store().update();
  assert.deepEqual(Object.keys((await readLock(at.lock)).plugins['kv']?.platforms ?? {}), [
    'darwin-arm64',
    'linux-x64',
  ]);
});

test('a size above the limit is refused before anything is fetched', async () => {
  const at = rig();
  const release = publish(at.published, { version: '1.0.0' });
  release.platforms['linux-x64']!.size = 2 ** 40;
  write(at.published, release);
  await assert.rejects(at.store().add(at.address), fails('ERR_SIZE', /announces 1099511627776 bytes/));
});

test('options that are wrong are told', async () => {
  const at = rig();
  assert.throws(() => at.store({ unsigned: 'no' as never }), { code: 'ERR_OPTIONS', message: /`unsigned`/ });
  assert.throws(() => at.store({ trust: ['RWQ'] }), { code: 'ERR_OPTIONS', message: /`trust`/ });
  assert.throws(() => at.store({ lokc: 'x' } as never), { code: 'ERR_OPTIONS', message: /"lokc" of createStore/ });
  assert.throws(() => at.store({ lock: '' }), { code: 'ERR_OPTIONS', message: /`lock`/ });
  await assert.rejects(at.store().add('gopher://x'), { code: 'ERR_OPTIONS', message: /address .*"gopher/ });
  await assert.rejects(at.store().add(at.address, { range: 'new' }), { code: 'ERR_OPTIONS' });
  await assert.rejects(at.store().add(at.address, { as: '../x' }), { code: 'ERR_OPTIONS', message: /`as`/ });
  await assert.rejects(at.store().install({ olny: [] } as never), {
    code: 'ERR_OPTIONS',
    message: /"olny" of install/,
  });
});
