import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, cpSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { failure, good, json, newPlace, pluginFolder, publish, STORE } from './published.js';
import { runStore } from './run-store.js';

describe('a plugin that is published and installed', () => {
  test('is added, listed, verified, installed elsewhere, and updated', async () => {
    const { folder, address, secret, key } = await publish('1.4.1', '1.4.2');
    const cwd = newPlace();
    const added = await good(cwd, ['add', address, '--range', '~1.4.1', '--yes', ...STORE]);
    const said = `kv is acme/kv 1.4.2, for any\nSigned by minisign:${key}, and from now on by no other.\n`;
    assert.equal(added.stdout, said);
    const listed = await good(cwd, ['list', ...STORE]);
    assert.equal(listed.stdout, `kv  acme/kv  1.4.2  ~1.4.1  installed  minisign:${key}\n`);
    assert.equal((await good(cwd, ['verify', ...STORE])).stdout, 'kv 1.4.2: good\n');

    const other = newPlace();
    cpSync(join(cwd, 'rxplug.lock'), join(other, 'rxplug.lock'));
    const [installed] = await json<[{ folder: string }]>(other, ['install', 'kv', ...STORE]);
    assert.equal(readFileSync(join(installed.folder, 'kv'), 'utf8'), '#!/bin/sh\n# 1.4.2\n');

    await good(folder, ['pack', pluginFolder('1.4.3')]);
    await good(folder, ['pack', pluginFolder('1.5.0')]);
    await good(folder, ['sign', '.', '--secret', secret]);
    assert.equal((await good(cwd, ['update', ...STORE])).stdout, 'kv 1.4.2 → 1.4.3\n');
    assert.equal((await good(cwd, ['update', 'kv', ...STORE])).stdout, 'kv 1.4.3 is the newest in its range\n');
  });

  test('is mirrored, and installed from there without its source', async () => {
    const { folder, address } = await publish('1.0.0');
    const cwd = newPlace();
    await good(cwd, ['add', address, '--yes', ...STORE]);
    const [{ folder: at }] = await json<[{ folder: string }]>(cwd, ['mirror', 'mirror', 'kv', ...STORE]);
    assert.equal(at, join(cwd, 'mirror/acme/kv'));
    rmSync(folder, { recursive: true });

    const other = newPlace();
    cpSync(join(cwd, 'rxplug.lock'), join(other, 'rxplug.lock'));
    await failure(1, other, ['install', ...STORE]);
    await good(other, ['install', '--mirror', `dir://${cwd}/mirror`, ...STORE]);
    assert.equal((await good(other, ['verify', ...STORE])).stdout, 'kv 1.0.0: good\n');
  });

  test('is refused by verify when a file was changed, with exit code 1', async () => {
    const { address } = await publish('1.0.0');
    const cwd = newPlace();
    await good(cwd, ['add', address, '--yes', ...STORE]);
    const [{ folder }] = await json<[{ folder: string }]>(cwd, ['list', ...STORE]);
    appendFileSync(join(folder, 'kv'), 'evil\n');
    const verified = await runStore(['verify', '--json', ...STORE], { cwd });
    assert.equal(verified.code, 1);
    const [{ error }] = JSON.parse(verified.stdout) as [{ error: string }];
    assert.match(error, /^ERR_STORE: acme\/kv 1\.0\.0 is not what was installed\./);
    assert.equal((await runStore(['verify', ...STORE], { cwd })).stdout, `kv 1.0.0: ${error}\n`);
  });

  test('whose signer has a new key is taken by trust, and not before', async () => {
    const { folder, address, key: before } = await publish('1.0.0');
    const cwd = newPlace();
    await good(cwd, ['add', address, '--yes', ...STORE]);
    const next = await publish('1.1.0');
    const early = await failure(1, cwd, ['trust', 'kv', next.key, ...STORE]);
    assert.ok(early.includes(`is still signed by minisign:${before}: that key stays`), early);

    cpSync(next.folder, folder, { recursive: true });
    const refused = await failure(1, cwd, ['update', ...STORE]);
    assert.match(refused, /ERR_SIGNER_CHANGED: .*`rxplug plugin trust NAME KEY`/);
    await good(cwd, ['trust', 'kv', join(folder, 'minisign.pub'), ...STORE]);
    const [{ version, signer }] = await json<[{ version: string; signer: string }]>(cwd, ['list', ...STORE]);
    assert.deepEqual([version, signer], ['1.1.0', `minisign:${next.key}`]);
  });
});

describe('the signer of a plugin that is added', () => {
  test('is shown to a person, who is asked', async () => {
    const { address, key } = await publish('1.0.0');
    const cwd = newPlace();
    const no = await failure(1, cwd, ['add', address, ...STORE], ['\n']);
    assert.ok(no.includes(`is signed by\n  minisign:${key}\nCompare the key`), no);
    assert.match(no, /\[y\/N\] /);
    assert.match(no, /ERR_SIGNATURE: .*name it by --trust, or give --yes/);
    const yes = await good(cwd, ['add', address, ...STORE], { typed: ['y\n'] });
    assert.match(yes.stdout, /Signed by minisign:/);
    assert.ok(yes.stderr.includes('\r\u001b[2Kkv 1.0.0 any  download  100 %\r'), 'the progress is on one line');
    assert.ok(yes.stderr.endsWith('\r\u001b[2K'), 'the line is gone in the end');
  });

  test('is refused where nobody can be asked, unless it is named', async () => {
    const { address, key } = await publish('1.0.0');
    const cwd = newPlace();
    await failure(1, cwd, ['add', address, ...STORE]);
    const wrong = await publish('1.0.0');
    const other = await failure(1, cwd, ['add', address, '--trust', wrong.key, ...STORE]);
    assert.match(other, /ERR_SIGNATURE: The signature is by the key/);
    await good(cwd, ['add', address, '--trust', key, ...STORE]);
  });
});

describe('a key', () => {
  test('has a password, which is asked for twice, and once more to sign', async () => {
    const cwd = newPlace();
    assert.match(await failure(2, cwd, ['keygen'], ['one\n', 'two\n']), /The two passwords differ\./);
    const made = await good(cwd, ['keygen'], { typed: ['geheim\n', 'geheim\n'] });
    assert.equal(made.stderr.includes('geheim') || made.stdout.includes('geheim'), false);
    assert.equal(statSync(join(cwd, 'minisign.key')).mode & 0o777, 0o600);

    await good(cwd, ['pack', pluginFolder('1.0.0')]);
    rmSync(join(cwd, 'minisign.pub'));
    assert.match(await failure(1, cwd, ['sign', '.'], ['falsch\n']), /ERR_KEY: The password is not the one/);
    const signed = await good(cwd, ['sign', '.', '--password-file', '-'], { stdin: 'geheim\n' });
    assert.match(signed.stdout, /^acme\/kv 1\.0\.0 {2}signed\nKey: RW/);
  });

  test('is not made over another one, and not without a password unawares', async () => {
    const cwd = newPlace();
    assert.match(await failure(2, cwd, ['keygen']), /give --password-file/);
    await good(cwd, ['keygen', '--no-password']);
    const before = readFileSync(join(cwd, 'minisign.key'));
    assert.match(await failure(2, cwd, ['keygen', '--no-password']), /is there already/);
    assert.deepEqual(readFileSync(join(cwd, 'minisign.key')), before);
    rmSync(join(cwd, 'minisign.key'));
    await failure(2, cwd, ['keygen', '--no-password']);
    assert.equal(
      statSync(join(cwd, 'minisign.key'), { throwIfNoEntry: false }),
      undefined,
      'no half of a pair is left',
    );
  });

  test('that is another one than the folder offers does not sign there', async () => {
    const { folder } = await publish('1.0.0');
    const other = await publish('1.0.0');
    const said = await failure(2, folder, ['sign', '.', '--secret', other.secret]);
    assert.match(said, /minisign\.pub is the key .*, and this one is/);
  });
});

describe('pack', () => {
  const two = { run: { 'linux-x64': ['./kv'], 'darwin-arm64': ['./kv'] } };

  test('names the archive by plugin, version and platform', async () => {
    const cwd = newPlace();
    const folder = pluginFolder('2.0.0-rc.1', two);
    const args = ['pack', folder, '--platform', 'linux-x64', '--out', 'out'];
    const packed = await json<{ file: string; size: number }>(cwd, args);
    assert.equal(packed.file, join(cwd, 'out/kv_2.0.0-rc.1_linux-x64.tgz'));
    assert.equal(statSync(packed.file).size, packed.size);
  });

  const wrong: readonly (readonly [what: string, change: (folder: string) => void, said: RegExp])[] = [
    ['no manifest', (folder) => rmSync(join(folder, 'rxplug.plugin.json')), /There is no .*rxplug\.plugin\.json/],
    ['another manifest', (folder) => writeFileSync(join(folder, 'rxplug.plugin.json'), '{}'), /manifestVersion/],
    ['no program', (folder) => rmSync(join(folder, 'kv')), /kv for any, which is no file/],
    ['no program that can be executed', (folder) => chmodSync(join(folder, 'kv'), 0o644), /chmod \+x/],
  ];
  for (const [what, change, said] of wrong)
    test(`refuses a folder with ${what}, as wrong arguments`, async () => {
      const folder = pluginFolder('1.0.0');
      change(folder);
      assert.match(await failure(2, newPlace(), ['pack', folder]), said);
    });

  test('asks for the platform of a folder that may be for several', async () => {
    const said = await failure(2, newPlace(), ['pack', pluginFolder('1.0.0', two)]);
    assert.match(said, /say which one the folder is for: --platform\./);
  });
});

describe('the command line', () => {
  const cwd = newPlace();

  test('tells files that it cannot read, and addresses that are none', async () => {
    const { address } = await publish('1.0.0');
    const at = newPlace();
    assert.match(await failure(2, at, ['sign', '.']), /minisign\.key is not there\. Expected the secret key/);
    assert.match(await failure(2, at, ['keygen', '--password-file', 'none']), /none is not there\. Expected a file/);
    for (const other of ['file:///srv', '/srv', 'oci://localhost:1/acme/kv:1', 'dir:srv'])
      assert.match(await failure(2, at, ['add', other]), /^Expected /);
    const added = await good(at, ['add', address, '--yes', '--host', 'acme@dev', ...STORE]);
    assert.equal(added.stderr, '', 'its manifest names no application');
    assert.match(await failure(2, at, ['trust', 'kv', 'none', ...STORE]), /none is not there\. Expected a public key/);
    await failure(1, at, ['install', 'none', ...STORE]);
    const { stdout } = await runStore(['verify', 'none', ...STORE], { cwd: at });
    assert.match(stdout, /^none: ERR_LOCK: /);
  });

  test('warns once of a version of the application that is none', async () => {
    const at = newPlace();
    await good(at, ['pack', pluginFolder('1.0.0', { hosts: { acme: '>=3' } }), '--out', 'public']);
    await good(at, ['index', 'public']);
    const { stderr } = await good(at, ['add', `dir://${at}/public`, '--host', 'acme@dev', ...STORE]);
    assert.match(stderr, /^warning: acme\/kv 1\.0\.0 is for acme >=3, .*\n$/);
  });

  test('tells what is wrong with it by exit code 2', async () => {
    for (const args of [['no-such'], ['add'], ['list', '--no-such'], ['list', '--host', 'acme']])
      await failure(2, cwd, args);
  });

  test('tells a source that cannot be reached by 3, and a lock file that is not there by 2', async () => {
    await failure(3, cwd, ['add', 'https://127.0.0.1:9/acme/kv', '--yes']);
    const image = await failure(3, cwd, ['add', 'oci://127.0.0.1:9/acme/kv', '--binary', 'kv', '--name', 'acme/kv']);
    assert.match(image, /127\.0\.0\.1:9/);
    for (const command of ['install', 'update', 'verify'])
      assert.match(await failure(2, cwd, [command]), /There is no .*rxplug\.lock\. Name the lock file by --lock/);
    await failure(2, cwd, ['mirror', 'folder']);
  });

  test('has help for every command, and is completed', async () => {
    const help = (await good(cwd, ['--help'])).stdout;
    for (const command of [
      'add',
      'install',
      'update',
      'remove',
      'prune',
      'list',
      'verify',
      'mirror',
      'trust',
      'keygen',
      'pack',
      'index',
      'sign',
      'push',
    ]) {
      assert.match(help, new RegExp(`^ +${command} `, 'm'));
      assert.match((await good(cwd, [command, '--help'])).stdout, /--json/);
    }
    assert.equal((await good(cwd, ['__complete', 'ke'])).stdout, 'keygen\n');
  });

  test('has an empty list where there is no lock file', async () => {
    assert.deepEqual(await json(cwd, ['list']), []);
  });
});
