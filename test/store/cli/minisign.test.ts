import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { needsProgram } from '../../support/needs-program.js';
import { good, json, newPlace, pluginFolder, publish, STORE } from './published.js';

describe('without this library', needsProgram('minisign', 'minisign'), () => {
  test('minisign and sha256sum check what was published', async () => {
    const { folder } = await publish('1.4.2');
    const sums = 'kv_1.4.2_SHA256SUMS';
    const said = execFileSync('minisign', ['-Vm', sums, '-p', 'minisign.pub'], { cwd: folder, encoding: 'utf8' });
    assert.match(said, /Trusted comment: rxplug name:acme\/kv version:1\.4\.2\n/);
    const checked = execFileSync('sha256sum', ['--strict', '-c', sums], { cwd: folder, encoding: 'utf8' });
    assert.equal(checked, 'kv_1.4.2_any.tgz: OK\n');
  });

  test('an author signs with minisign, and an application adds it', async () => {
    const folder = newPlace();
    await good(folder, ['pack', pluginFolder('1.4.2')]);
    await good(folder, ['index', '.']);
    const minisign = (...args: string[]) => execFileSync('minisign', args, { cwd: folder, stdio: 'ignore' });
    minisign('-G', '-W', '-s', 'minisign.key', '-p', 'minisign.pub');
    const comment = 'rxplug name:acme/kv version:1.4.2';
    minisign('-Sm', 'kv_1.4.2_SHA256SUMS', '-s', 'minisign.key', '-t', comment);
    const [{ isSigned }] = await json<[{ isSigned: boolean }]>(folder, ['index', '.']);
    assert.equal(isSigned, true);

    const cwd = newPlace();
    const [, key = ''] = readFileSync(join(folder, 'minisign.pub'), 'utf8').split('\n');
    const added = await good(cwd, ['add', `dir://${folder}`, '--trust', key, ...STORE]);
    assert.ok(added.stdout.includes(`Signed by minisign:${key},`), added.stdout);
  });
});
