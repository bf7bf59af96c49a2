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
import { NO_REGISTRY, npmInstall } from '../support/npm-install.js';
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

/** How a tool bundles the program into a folder, in a format: its file, and its arguments in the project's folder. */
type Bundling = (format: 'esm' | 'cjs', outdir: string) => readonly [file: string, args: string];

let tools = '';
let skip: string | undefined;
before(async () => {
  tools = await mkdtemp(join(tmpdir(), 'bundling'));
  const packages = {
    rolldown: '^1.0.0',
    rollup: '^4.0.0',
    '@rollup/plugin-commonjs': '^29.0.0',
    '@rollup/plugin-json': '^6.0.0',
    '@rollup/plugin-node-resolve': '^16.0.0',
    webpack: '^5.0.0',
    'webpack-cli': '^6.0.0',
    ...(BUN === undefined ? {} : { [BUN]: '^1.4.0' }),
  };
  if (!(await npmInstall(tools, packages))) skip = NO_REGISTRY;
  await cp(join(root, 'test/fixtures/tools/bundlers'), tools, { recursive: true });
});

after(() => rm(tools, { recursive: true }));

const bin = (path: string): string => join(tools, 'node_modules', path);
const nameOf = (format: 'esm' | 'cjs'): string => `program.${format === 'esm' ? 'mjs' : 'cjs'}`;

const rolldown: Bundling = (format, outdir) => [
  bin('rolldown/bin/cli.mjs'),
  `program.js --platform node --format ${format} --dir ${outdir} --entry-file-names ${nameOf(format)}`,
];

const rollup: Bundling = (format, outdir) => [
  bin('rollup/dist/bin/rollup'),
  `--config ${tools}/rollup.config.js --silent --dir ${outdir} --format ${format} --entryFileNames ${nameOf(format)} --chunkFileNames chunk-[name]-${nameOf(format)}`,
];

const webpack: Bundling = (format, outdir) => [
  bin('webpack-cli/bin/cli.js'),
  `--config ${tools}/webpack.${format === 'esm' ? 'module.' : ''}config.js --output-path ${outdir} --no-optimization-minimize`,
];

const BUN = process.platform === 'linux' ? `@oven/bun-linux-${process.arch === 'x64' ? 'x64' : 'aarch64'}` : undefined;

// By itself it takes the files for Node, and leaves what these require outside.
const bun: Bundling = (format, outdir) => [
  bin(`${BUN}/bin/bun`),
  `build program.js --target=node --conditions=module --format=${format} --outfile=${outdir}/${nameOf(format)}`,
];

for (const [name, bundling] of Object.entries({ rolldown, rollup, webpack, bun }))
  test(`${name}: an ES module, and CommonJS`, async (t) => {
    if (skip !== undefined) return t.skip(skip);
    if (name === 'bun' && BUN === undefined) return t.skip('only its package for Linux is installed');
    for (const format of ['esm', 'cjs'] as const) {
      const outdir = await emptyFolder();
      const [file, args] = bundling(format, outdir);
      const command = name === 'bun' ? [file] : [process.execPath, file];
      await run(command[0]!, [...command.slice(1), ...args.split(' ')], {
        cwd: project,
        env: testEnv(),
        timeout: 120_000,
      });
      await assertRuns(outdir, nameOf(format));
    }
  });
