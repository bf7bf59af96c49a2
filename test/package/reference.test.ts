/** The API reference is made without a warning: every link has a target, and what the entries name is exported or known not to be. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { testEnv } from '../fixtures/fixture.js';
import { withCertificates } from '../support/extra-certificates.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));

const json = async (file: string) => JSON.parse(await readFile(join(root, file), 'utf8')) as unknown;

test('the reference has every entry', async () => {
  const { exports } = (await json('package.json')) as { exports: Record<string, { types: { default: string } }> };
  const { entryPoints } = (await json('typedoc.json')) as { entryPoints: string[] };
  const sources = Object.values(exports).map(({ types }) => types.default.replace('./dist/', ''));
  assert.deepEqual(
    entryPoints,
    sources.map((file) => file.replace(/\.d\.ts$/, '.ts')),
  );
});

test('typedoc has no warning', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'reference'));
  t.after(() => rm(directory, { recursive: true }));
  // In a folder of its own: it needs an older TypeScript than the one that compiles the library.
  const npm = ['install', '--prefix', directory, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
  const installed = await run('npm', [...npm, 'typedoc@0.28', 'typescript@5.9'], {
    env: withCertificates(testEnv()),
  }).then(
    () => true,
    (error) => {
      if (process.env['CI'] !== undefined) throw error;
      return false;
    },
  );
  if (!installed) return t.skip('npm install failed: no registry');
  const bin = join(directory, 'node_modules/typedoc/bin/typedoc');
  const out = join(directory, 'out');
  const { stdout } = await run(process.execPath, [bin, '--out', out], { cwd: root, env: testEnv() }).catch(
    (error: { stdout: string; stderr: string }) => assert.fail(error.stdout + error.stderr),
  );
  assert.doesNotMatch(stdout, /warning/);
  assert.ok((await readdir(join(out, 'modules'))).includes('di.html'));
});
