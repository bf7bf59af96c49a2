/** The package works with the oldest and the newest version of each package of which it takes a range. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { testEnv } from '../fixtures/fixture.js';
import { NO_REGISTRY, npmInstall } from '../support/npm-install.js';
import { PRINTED, PROGRAM } from '../support/whole-program.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
};
const ranges = { ...manifest.dependencies, ...manifest.peerDependencies };

const ENDS: Readonly<Record<string, (range: string) => string>> = {
  oldest: (range) => range.replace(/^\D+/, ''),
  newest: (range) => range,
};

test('rxjs and @bufbuild/protobuf are the application’s, and no version is pinned', () => {
  assert.deepEqual(Object.keys(manifest.peerDependencies).toSorted(), ['@bufbuild/protobuf', 'esbuild', 'rxjs']);
  for (const [name, range] of Object.entries(ranges)) assert.match(range, /^(\^|>=)/, name);
});

/** Installs the packed package with these versions of what it depends on; whether the registry was there. */
async function install(project: string, versionOf: (range: string) => string): Promise<boolean> {
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], {
    cwd: root,
    env: testEnv({ npm_config_loglevel: 'error' }),
  });
  const [pack] = JSON.parse(stdout) as { filename: string }[];
  const needed = Object.entries(ranges).filter(([name]) => name !== 'esbuild');
  const dependencies = Object.fromEntries(needed.map(([name, range]) => [name, versionOf(range)]));
  return npmInstall(project, { ...dependencies, rxplug: `file:${pack?.filename}` });
}

for (const [end, versionOf] of Object.entries(ENDS))
  test(`with the ${end} versions, of which the application and the package share one copy`, async (t) => {
    const project = await mkdtemp(join(tmpdir(), 'ranges'));
    t.after(() => rm(project, { recursive: true }));
    if (!(await install(project, versionOf))) return t.skip(NO_REGISTRY);
    assert.ok(!(await readdir(join(project, 'node_modules/rxplug'))).includes('node_modules'));
    await writeFile(join(project, 'program.js'), PROGRAM);
    await cp(fileURLToPath(new URL('../../examples/gen/greeter.js', import.meta.url)), join(project, 'greeter.js'));
    const { stdout } = await run(process.execPath, ['program.js'], { cwd: project, env: testEnv() });
    assert.equal(stdout, PRINTED);
  });
