/** What bundlers make of a program that uses the library runs in an empty folder: nothing is left to be found in node_modules. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as esbuild from 'esbuild';
import { testEnv } from '../fixtures/fixture.js';
import { PRINTED, PROGRAM } from '../support/whole-program.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));

let project = '';
before(async () => {
  project = await mkdtemp(join(tmpdir(), 'bundlers'));
  await writeFile(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
  await writeFile(join(project, 'program.js'), PROGRAM);
  await cp(fileURLToPath(new URL('../../examples/gen/greeter.js', import.meta.url)), join(project, 'greeter.js'));
  for (const name of ['inversify', 'rxjs', 'reflect-metadata', '@bufbuild/protobuf']) await link(name);
  await symlink(root, join(project, 'node_modules/rxplug'), 'junction');
});
after(() => rm(project, { recursive: true }));

async function link(name: string): Promise<void> {
  const target = join(project, 'node_modules', name);
  await mkdir(dirname(target), { recursive: true });
  await symlink(join(root, 'node_modules', name), target, 'junction');
}

/** Runs the only file of a folder, or its `program`, where nothing else is. */
async function assertRuns(folder: string, file: string): Promise<void> {
  assert.ok((await readdir(folder)).includes(file), (await readdir(folder)).join());
  const { stdout, stderr } = await run(process.execPath, [join(folder, file)], { cwd: folder, env: testEnv() });
  assert.deepEqual([stdout, stderr], [PRINTED, '']);
}

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'alone'));
  after(() => rm(folder, { recursive: true }));
  return folder;
}

// grpc-js is CommonJS and requires modules of Node, which an ES module cannot.
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

for (const [what, extension, options] of [
  ['CommonJS', 'cjs', { format: 'cjs' }],
  ['an ES module', 'mjs', { format: 'esm', banner: { js: REQUIRE } }],
  ['ES modules with chunks', 'mjs', { format: 'esm', splitting: true, banner: { js: REQUIRE } }],
] as const)
  test(`esbuild: ${what}`, async () => {
    const outdir = await emptyFolder();
    const { warnings } = await esbuild.build({
      absWorkingDir: project,
      entryPoints: ['program.js'],
      bundle: true,
      platform: 'node',
      target: 'node20.19',
      logLevel: 'error',
      outdir,
      outExtension: { '.js': `.${extension}` },
      ...options,
    });
    assert.deepEqual(warnings, []);
    await assertRuns(outdir, `program.${extension}`);
  });

test('esbuild: one file with definitions of protobuf-es', async () => {
  const program = `
import { firstValueFrom } from 'rxjs';
import { grpcPlugin, implement } from 'rxplug';
import { createPluginPair } from 'rxplug/testing';
import { Greeter } from './greeter_pb.js';

async function main() {
  const plugins = { greeter: grpcPlugin(Greeter) };
  const greeter = implement(plugins.greeter, { greet: ({ name }) => ({ greeting: 'Hello ' + name }) });
  const pair = await createPluginPair(plugins, { greeter });
  console.log((await firstValueFrom((await pair.dispense('greeter')).greet({ name: 'Ada' }))).greeting);
  await pair[Symbol.asyncDispose]();
}
void main();`;
  await cp(fileURLToPath(new URL('../generators/gen/greeter_pb.js', import.meta.url)), join(project, 'greeter_pb.js'));
  const outfile = join(await emptyFolder(), 'pair.cjs');
  await esbuild.build({
    absWorkingDir: project,
    stdin: { contents: program, resolveDir: project },
    bundle: true,
    platform: 'node',
    logLevel: 'error',
    outfile,
  });
  const { stdout, stderr } = await run(process.execPath, [outfile], { env: testEnv() });
  assert.deepEqual([stdout, stderr], ['Hello Ada\n', '']);
});

test('rolldown: an ES module, and CommonJS', async (t) => {
  const tools = await emptyFolder();
  const install = [
    'install',
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--prefix',
    tools,
    'rolldown@1',
  ];
  const installed = await run('npm', install, { env: testEnv(), timeout: 120_000 }).then(
    () => true,
    () => false,
  );
  if (!installed) return t.skip('rolldown cannot be installed: no registry');
  for (const [format, extension] of [
    ['esm', 'mjs'],
    ['cjs', 'cjs'],
  ] as const) {
    const outdir = await emptyFolder();
    const bin = join(tools, 'node_modules/rolldown/bin/cli.mjs');
    const args = ['program.js', '--platform', 'node', '--format', format, '--dir', outdir];
    await run(process.execPath, [bin, ...args, '--entry-file-names', `program.${extension}`], {
      cwd: project,
      env: testEnv(),
    });
    await assertRuns(outdir, `program.${extension}`);
  }
});
