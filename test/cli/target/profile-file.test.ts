import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readProfileFile } from '../../../src/cli/target/profile-file.js';
import { ourPlugin } from '../../conformance/peers.js';
import { runCli } from '../run-cli.js';

const KV = { name: 'kv', cookieKey: 'RXPLUG_CONFORMANCE', cookieValue: 'hello', versions: '1-3' };
const ours = ['--', ...(await ourPlugin())];
let directory: string;

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'rxplug-cli-'));
});
after(() => rmSync(directory, { recursive: true }));

function fileOf(content: unknown): string {
  const file = join(directory, 'profiles.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

test('a profile of a file is for every program, or for those whose names or modules it gives', async () => {
  const build = {
    goVersion: 'go1',
    module: 'a.b/c',
    moduleVersion: undefined,
    dependencies: new Map(),
    settings: new Map(),
  };
  const [every] = await readProfileFile(fileOf(KV));
  assert.deepEqual([every?.versions, every?.isForEvery], [[1, 2, 3], true]);
  const [some] = await readProfileFile(fileOf([{ ...KV, files: ['kv-*.js', 'x?'], modules: ['a.b/c'] }]));
  const fits = (path: string): boolean => some!.detect({ path, build: undefined });
  assert.deepEqual(['/a/kv-1.js', 'xy', 'kv-1.ts', '/kv-1.js/z'].map(fits), [true, true, false, false]);
  assert.ok(some!.detect({ path: 'z', build }));
});

test('the profile of a file and that of package.json start a plugin', async () => {
  const given = await runCli(['inspect', '--profile-file', fileOf(KV), ...ours]);
  assert.match(given.stdout, /^profile {4}kv$/m, given.stderr);
  const project = join(directory, 'project');
  mkdirSync(join(project, 'deep'), { recursive: true });
  writeFileSync(join(project, 'package.json'), JSON.stringify({ rxplug: { profile: { ...KV, name: 'mine' } } }));
  const found = await runCli(['inspect', ...ours], { cwd: join(project, 'deep') });
  assert.match(found.stdout, /^profile {4}mine$/m, found.stderr);
});

test('a wrong profile is told by its file and key, with the exit code 2', async () => {
  for (const [content, expected] of [
    ['{', 'Cannot read profiles from '],
    [7, 'Expected a profile or a list of them in '],
    [{ ...KV, cookieKey: '' }, 'Expected "cookieKey" to be a word in '],
    [{ ...KV, cokie: 1 }, 'Expected no key "cokie" in '],
    [{ ...KV, files: 'a' }, 'Expected "files" to be a list of words in '],
    [{ ...KV, protocol: 'http' }, 'Expected "protocol" to be "grpc" or "netrpc" in '],
    [{ ...KV, versions: 'new' }, 'Expected versions such as 5, 1,3 or 4-6, got "new".'],
  ] as const) {
    const { code, stderr } = await runCli(['inspect', '--profile-file', fileOf(content), ...ours]);
    assert.equal(code, 2, stderr);
    assert.ok(stderr.includes(expected), stderr);
  }
});
