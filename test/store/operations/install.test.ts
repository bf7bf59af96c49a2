import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { InstallProgress } from '../../../packages/store/src/operations/context.js';
import { broken, publish, write } from '../support/published.js';
import { fails, namesIn, rig } from '../support/store-rig.js';

/** A place with a locked plugin whose store is empty, as on another machine. */
async function locked() {
  const at = rig();
  const release = publish(at.published, { version: '1.0.0' });
  await at.store().add(at.address);
  rmSync(at.directory, { recursive: true });
  at.requests.length = 0;
  return { ...at, release, archive: join(at.published, 'kv_1.0.0_linux-x64.tgz') };
}

/** Asserts that an installation fails, and leaves nothing. */
async function refuses(at: Awaited<ReturnType<typeof locked>>, check: (error: unknown) => boolean): Promise<void> {
  const lock = readFileSync(at.lock, 'utf8');
  await assert.rejects(at.store().install(), check);
  at.assertTidy();
  assert.deepEqual(
    namesIn(at.directory),
    namesIn(at.directory).filter((name) => name === 'tmp'),
  );
  assert.equal(readFileSync(at.lock, 'utf8'), lock);
}

test('installs exactly what the lock file says, and not what is newer', async () => {
  const at = await locked();
  publish(at.published, { version: '1.1.0' });
  const lock = readFileSync(at.lock, 'utf8');
  const [installed] = await at.store().install();
  assert.equal(installed?.version, '1.0.0');
  assert.ok(existsSync(join(installed?.folder ?? '', 'plugin.cjs')));
  assert.equal(readFileSync(at.lock, 'utf8'), lock);
  assert.deepEqual(at.requests, ['release 1.0.0', 'open kv_1.0.0_linux-x64.tgz 0']);
  at.assertTidy();
});

test('what is in the store is installed without a request', async () => {
  const at = await locked();
  await at.store().install();
  rmSync(at.published, { recursive: true });
  at.requests.length = 0;
  await at.store().install();
  await at.store().use('kv');
  assert.deepEqual(at.requests, []);
});

test('another platform of the lock file is installed by its own digest', async () => {
  const at = await locked();
  const store = at.store({ platform: { platform: 'darwin', arch: 'arm64', musl: false } });
  const [installed] = await store.install();
  assert.equal(installed?.platform, 'darwin-arm64');
  assert.match(readFileSync(join(installed?.folder ?? '', 'plugin.cjs'), 'utf8'), /darwin-arm64/);
  assert.deepEqual((await store.use('kv')).command, ['node', 'plugin.cjs']);
});

test('the files of another platform under the key of this one are refused', async () => {
  const at = await locked();
  const lock = JSON.parse(readFileSync(at.lock, 'utf8'));
  const { platforms } = lock.plugins.kv;
  platforms['linux-x64'] = { ...platforms['darwin-arm64'], files: platforms['linux-x64'].files };
  writeFileSync(at.lock, JSON.stringify(lock));
  await refuses(at, fails('ERR_DIGEST', /has acme\/kv 1\.0\.0 for linux-x64 with the digest/));
});

test('a platform that the lock file does not have is named, with the command that adds it', async () => {
  const at = await locked();
  const store = at.store({ platform: { platform: 'linux', arch: 's390x', musl: false } });
  const message =
    /rxplug\.lock: kv, which is acme\/kv 1\.0\.0, has nothing for linux-s390x\. It has: darwin-arm64, linux-x64\. .*`rxplug plugin update kv`/;
  await assert.rejects(store.install(), fails('ERR_PLATFORM', message));
  await assert.rejects(store.use('kv'), fails('ERR_PLATFORM', message));
});

test('a file that was published anew under its version is refused: a moved tag', async () => {
  const at = await locked();
  publish(at.published, { version: '1.0.0', files: { 'plugin.cjs': 'evil()' } });
  await refuses(at, fails('ERR_DIGEST', /the lock file says sha256:.*published anew.*`rxplug plugin remove kv`/));
  await assert.rejects(at.store().add(at.address), fails('ERR_DIGEST', /published anew/));
  await assert.rejects(at.store().update(), fails('ERR_DIGEST', /published anew/));
});

test('a file with another content than its digest is refused', async () => {
  const at = await locked();
  const bytes = readFileSync(at.archive);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(at.archive, bytes);
  await refuses(at, fails('ERR_DIGEST', /sent a file with the digest sha256:.*expected was sha256:/));
});

test('a file that is longer than its size is not read to its end', async () => {
  const at = await locked();
  let sent = 0;
  const endless = (): Readable =>
    new Readable({
      read() {
        sent += 65_536;
        this.push(Buffer.alloc(65_536));
      },
    });
  const store = at.store({ hooks: { open: () => ({ offset: 0, stream: endless() }) } });
  await assert.rejects(store.install(), fails('ERR_SIZE', /sends more than the \d+ bytes/));
  assert.ok(sent < 1 << 20);
  at.assertTidy();
});

test('a file that is shorter than its size is asked for three times', async () => {
  const at = await locked();
  writeFileSync(at.archive, readFileSync(at.archive).subarray(0, 20));
  await refuses(at, fails('ERR_SIZE', /sent 20 bytes of the \d+/));
  assert.equal(at.requests.filter((request) => request.startsWith('open')).length, 4);
});

test('a source that announces another size than the lock file is refused before anything is fetched', async () => {
  const at = await locked();
  at.release.platforms['linux-x64']!.size += 1;
  write(at.published, at.release);
  await refuses(at, fails('ERR_SIZE', /announces \d+ bytes .* lock file says/));
  assert.deepEqual(at.requests, ['release 1.0.0']);
});

test('a source that gives another version is refused', async () => {
  const at = await locked();
  writeFileSync(join(at.published, '1.0.0.json'), JSON.stringify({ ...at.release, version: '0.9.0' }));
  await refuses(at, fails('ERR_SOURCE', /asked for the version "1\.0\.0" and gives "0\.9\.0"/));
});

test('an archive of another version or another plugin is refused, though its digest is announced', async () => {
  for (const other of [{ version: '0.9.0' }, { version: '1.0.0', name: 'acme/other' }]) {
    const at = rig();
    const release = publish(at.published, { version: '1.0.0' });
    const wrong = publish(at.published, other);
    write(at.published, { ...release, platforms: wrong.platforms });
    await assert.rejects(
      at.store().add(at.address),
      fails('ERR_ARCHIVE', /archive of acme\/kv 1\.0\.0 has acme\/(kv 0\.9\.0|other 1\.0\.0)/),
    );
    assert.equal(existsSync(at.lock), false);
    at.assertTidy();
  }
});

test('a download that breaks goes on where it was', async () => {
  const at = await locked();
  const whole = readFileSync(at.archive);
  const offsets: number[] = [];
  const open = (_: string, offset: number) => {
    offsets.push(offset);
    const rest = whole.subarray(offset);
    return { offset, stream: offsets.length < 4 ? broken(rest.subarray(0, 50)) : Readable.from([rest]) };
  };
  await at.store({ hooks: { open } }).install();
  assert.deepEqual(offsets, [0, 50, 100, 150]);
});

test('a source that drips a byte at each attempt is left in the end', async () => {
  const at = await locked();
  const whole = readFileSync(at.archive);
  let opened = 0;
  const open = (_: string, offset: number) => {
    opened += 1;
    return { offset, stream: broken(whole.subarray(offset, offset + 1)) };
  };
  await assert.rejects(at.store({ hooks: { open } }).install(), /the connection was lost/);
  assert.equal(opened, 20);
  at.assertTidy();
});

test('a source that cannot resume sends the whole file again', async () => {
  const at = await locked();
  const whole = readFileSync(at.archive);
  let opened = 0;
  const open = () => {
    opened += 1;
    return { offset: 0, stream: opened < 3 ? broken(whole.subarray(0, 50 * opened)) : Readable.from([whole]) };
  };
  await at.store({ hooks: { open } }).install();
  assert.equal(opened, 3);
});

test('a source that resumes elsewhere than it was asked to is refused', async () => {
  const at = await locked();
  const whole = readFileSync(at.archive);
  const open = (_: string, offset: number) =>
    offset === 0 ? { offset, stream: broken(whole.subarray(0, 50)) } : { offset: 10, stream: Readable.from([whole]) };
  await assert.rejects(
    at.store({ hooks: { open } }).install(),
    fails('ERR_SOURCE', /asked for bytes from 50 and sends from 10/),
  );
});

test('the hash of the files in the lock file is compared with what was unpacked', async () => {
  const at = await locked();
  const lock = JSON.parse(readFileSync(at.lock, 'utf8'));
  lock.plugins.kv.platforms['linux-x64'].files = `h1:${'A'.repeat(43)}=`;
  writeFileSync(at.lock, JSON.stringify(lock));
  await refuses(at, fails('ERR_DIGEST', /have the hash h1:.*lock file says h1:AAAA/));
});

test('files that were changed in the store are noticed, and replaced by an installation', async () => {
  const at = await locked();
  const [installed] = await at.store().install();
  const file = join(installed?.folder ?? '', 'plugin.cjs');
  for (const change of [
    () => writeFileSync(file, 'evil()'),
    () => rmSync(file),
    () => writeFileSync(join(installed?.folder ?? '', 'extra.cjs'), ''),
  ]) {
    change();
    await assert.rejects(at.store().use('kv'), fails('ERR_STORE', /is not what was installed.*rxplug plugin install/));
    const [{ error } = {}] = await at.store().verify();
    assert.equal((error as { code?: string } | undefined)?.code, 'ERR_STORE');
    await at.store().install();
    assert.deepEqual(await at.store().verify(), [{ key: 'kv', name: 'acme/kv', version: '1.0.0' }]);
    at.assertTidy();
  }
});

test('a plugin that is not installed is told, with the command that installs it', async () => {
  const at = await locked();
  await assert.rejects(
    at.store().use('kv'),
    fails('ERR_NOT_FOUND', /is not installed in .*`rxplug plugin install kv`/),
  );
  await assert.rejects(at.store().use('kw'), fails('ERR_LOCK', /no plugin "kw"\. It has: kv/));
});

test('a directory without its mark is no plugin, and is replaced', async () => {
  const at = await locked();
  const [installed] = await at.store().install();
  const directory = join(installed?.folder ?? '', '..');
  rmSync(join(directory, '.complete'));
  await assert.rejects(at.store().use('kv'), fails('ERR_NOT_FOUND'));
  await at.store().install();
  writeFileSync(join(directory, '.complete'), '{"arch');
  await assert.rejects(at.store().use('kv'), fails('ERR_NOT_FOUND'));
  await at.store().install();
  await at.store().use('kv');
  at.assertTidy();
});

test('a mirror is asked in the place of the source, and nobody else', async () => {
  const at = await locked();
  const mirror = join(at.place, 'mirror');
  mkdirSync(join(mirror, 'acme/kv'), { recursive: true });
  await assert.rejects(at.store({ mirror: `dir://${mirror}` }).install(), fails('ERR_NOT_FOUND'));
  publish(join(mirror, 'acme/kv'), { version: '1.0.0' });
  rmSync(at.published, { recursive: true });
  await at.store({ mirror: `dir://${mirror}/` }).install();
});

test('progress is told from the first byte to the end', async () => {
  const at = await locked();
  const told: InstallProgress[] = [];
  await at.store().install({ onProgress: (progress) => told.push(progress) });
  assert.deepEqual([...new Set(told.map(({ phase }) => phase))], ['download', 'unpack', 'installed']);
  assert.deepEqual(told[0], {
    key: 'kv',
    name: 'acme/kv',
    version: '1.0.0',
    platform: 'linux-x64',
    phase: 'download',
    bytes: 0,
    totalBytes: at.release.platforms['linux-x64']!.size,
  });
  assert.equal(told.at(-1)?.bytes, told.at(-1)?.totalBytes);
});

test('an installation that is aborted leaves nothing', async () => {
  const at = await locked();
  const controller = new AbortController();
  const onProgress = ({ bytes }: InstallProgress) => bytes > 0 && controller.abort(new Error('enough'));
  await assert.rejects(at.store().install({ signal: controller.signal, onProgress }), /enough/);
  at.assertTidy();
});

test('a directory that nobody may write to is a typed error with what to do', {
  skip: process.getuid?.() === 0 ? 'root may write anywhere' : false,
}, async () => {
  const at = await locked();
  mkdirSync(at.directory, { mode: 0o500 });
  await assert.rejects(at.store().install(), fails('ERR_STORE', /permission is missing/i));
  chmodSync(at.directory, 0o700);
});

test('a file where the store should be is a typed error', async () => {
  const at = await locked();
  writeFileSync(at.directory, '');
  await assert.rejects(at.store().install(), fails('ERR_STORE', /cannot be put into the store/));
  assert.deepEqual(readdirSync(at.place).sort(), ['published', 'rxplug.lock', 'store']);
});
