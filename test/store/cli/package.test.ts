import assert from 'node:assert/strict';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli } from '../../cli/run-cli.js';
import { REPOSITORY } from '../../conformance/build-go.js';
import { newPlace, pluginFolder, STORE } from './published.js';

/** A project that has the package as npm would install it, with what it depends on. */
function project(): string {
  const folder = newPlace();
  const installed = join(folder, 'node_modules/rxplug-store');
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "name": "application", "private": true }');
  for (const part of ['dist', 'package.json'])
    cpSync(join(REPOSITORY, 'packages/store', part), join(installed, part), { recursive: true });
  symlinkSync(REPOSITORY, join(folder, 'node_modules/rxplug'));
  for (const name of ['rxjs', 'semver'])
    symlinkSync(join(REPOSITORY, 'node_modules', name), join(folder, 'node_modules', name));
  return folder;
}

test('rxplug plugin is the command line of the package that the project has', async () => {
  const cwd = project();
  const plugin = async (...args: string[]) => {
    const ran = await runCli(['plugin', ...args], { cwd });
    assert.equal(ran.code, 0, ran.stderr);
    return ran.stdout;
  };
  await plugin('keygen', '--no-password');
  await plugin('pack', pluginFolder('1.0.0'), '--out', 'public');
  await plugin('sign', 'public');
  await plugin('add', `dir://${cwd}/public`, '--yes', ...STORE);
  assert.equal(await plugin('verify', ...STORE), 'kv 1.0.0: good\n');
  assert.match(await plugin('list', ...STORE), /^kv {2}acme\/kv {2}1\.0\.0 {2}\^1\.0\.0 {2}installed {2}minisign:RW/);
  const failed = await runCli(['plugin', 'install', 'other'], { cwd });
  assert.deepEqual([failed.code, failed.stdout], [1, '']);
  assert.match(failed.stderr, /^ERR_LOCK: /);
});
