/** `rxplug plugin …` is led on to `rxplug-store`. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCli } from './run-cli.js';

/** A project with a package of this name, whose command line prints what it is given. */
const ECHO = `
export async function run(args, { stdin, stdout, stderr, env, cwd }) {
  if (args[0] === 'break') throw new TypeError('broken');
  let given = '';
  for await (const chunk of stdin) given += chunk;
  stdout.write(JSON.stringify({ args, given, cwd, home: env.HOME }) + '\\n');
  stderr.write('told\\n');
  return 7;
}
`;

let project: string;
before(async () => {
  project = await mkdtemp(join(tmpdir(), 'plugin-cli-'));
  const store = join(project, 'node_modules/rxplug-store');
  await mkdir(store, { recursive: true });
  await mkdir(join(project, 'empty/below'), { recursive: true });
  await writeFile(join(store, 'cli.js'), ECHO);
  const exports = { './cli': './cli.js' };
  await writeFile(join(store, 'package.json'), JSON.stringify({ name: 'rxplug-store', type: 'module', exports }));
});
after(() => rm(project, { recursive: true }));

test('everything after `plugin` is given on, flags and `--` too, with stdin and the exit code', async () => {
  const args = ['add', '--yes', '--json', '-v', '--help', 'oci://x', '--', '--more'];
  const { code, stdout, stderr } = await runCli(['plugin', ...args], {
    cwd: project,
    stdin: 'key',
    env: { HOME: '/h' },
  });
  assert.deepEqual(JSON.parse(stdout), { args, given: 'key', cwd: project, home: '/h' });
  assert.deepEqual([code, stderr], [7, 'told\n']);
});

test('the package of the project is found from a folder below it', async () => {
  const { code } = await runCli(['plugin', 'list'], { cwd: join(project, 'empty/below') });
  assert.equal(code, 7);
});

test('where the package is missing it is told how to get it, and the exit code is 2', async () => {
  const { code, stdout, stderr } = await runCli(['plugin', 'list', '--help'], { cwd: tmpdir() });
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(stderr, /^The commands for plugins are in the package rxplug-store, .*npm install rxplug-store\./);
});

test('a package that fails is told', async () => {
  const { code, stderr } = await runCli(['plugin', 'break'], { cwd: project });
  assert.deepEqual([code, stderr], [1, 'TypeError: broken\n']);
});

test('help lists it, and its words are completed by the package', async () => {
  assert.match((await runCli(['--help'])).stdout, /^ {2}plugin +Find, verify, install and publish plugins/m);
  assert.equal((await runCli(['__complete', 'plu'])).stdout, 'plugin\n');
  const { stdout } = await runCli(['__complete', 'plugin', 'ad'], { cwd: project });
  assert.deepEqual((JSON.parse(stdout) as { args: string[] }).args, ['__complete', 'ad']);
  assert.equal((await runCli(['__complete', 'plugin', 'ad'], { cwd: tmpdir() })).stdout, '');
});
