import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { createClient, grpcPlugin } from 'rxplug';
import { handshake } from '../../examples/basic/contract.js';
import type { GreeterDefinition } from '../../examples/gen/greeter.js';
import { REPOSITORY } from '../conformance/build-go.js';
import { protocFolder } from './protoc.js';
import { type CliResult, runCli } from './run-cli.js';

const directory = mkdtempSync(join(tmpdir(), 'rxplug-cli-generate-'));
after(() => rmSync(directory, { recursive: true }));
const bin = join(directory, 'bin');
mkdirSync(bin);
symlinkSync(process.execPath, join(bin, 'node'));

/** A project with some packages of this one and a folder of .proto files, in which one imports another. */
function project(name: string, packages: readonly string[], commands: readonly string[]): string {
  const folder = join(directory, name);
  for (const one of packages) link(folder, one);
  for (const one of commands) link(folder, `.bin/${one}`);
  mkdirSync(join(folder, 'proto/acme'), { recursive: true });
  cpSync(join(REPOSITORY, 'proto/examples/greeter.proto'), join(folder, 'proto/greeter.proto'));
  const other =
    'syntax = "proto3";\npackage acme;\nimport "greeter.proto";\nmessage Other { greeter.v1.GreetRequest inner = 1; }\n';
  writeFileSync(join(folder, 'proto/acme/other.proto'), other);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  return folder;
}

function link(folder: string, name: string): void {
  const target = join(folder, 'node_modules', name);
  mkdirSync(join(target, '..'), { recursive: true });
  symlinkSync(join(REPOSITORY, 'node_modules', name), target);
}

function generate(cwd: string, args: readonly string[] = [], path = ''): Promise<CliResult> {
  return runCli(['generate', ...args], { cwd, env: { PATH: [path, bin].filter(Boolean).join(delimiter) } });
}

/** Compiles what was generated, and calls a plugin with it. */
async function greet(folder: string): Promise<string> {
  const tsc = fileURLToPath(new URL('bin/tsc', import.meta.resolve('typescript/package.json')));
  const options = [
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--strict',
    '--skipLibCheck',
    '--types',
    '',
    '--rootDir',
    'src',
    '--outDir',
    'built',
  ];
  const files = ['src/gen/greeter.ts', 'src/gen/acme/other.ts'];
  execFileSync(process.execPath, [tsc, ...options, ...files], { cwd: folder, stdio: 'pipe' });
  const built = pathToFileURL(join(folder, 'built/gen/greeter.js')).href;
  const module = (await import(built)) as { readonly GreeterDefinition: typeof GreeterDefinition };
  const command = [process.execPath, join(REPOSITORY, 'dist/examples/basic/plugin.js')] as const;
  const plugins = { greeter: grpcPlugin(module.GreeterDefinition) };
  await using client = createClient({ command, handshake, plugins });
  await client.start();
  return (await firstValueFrom((await client.dispense('greeter')).greet({ name: 'Ada' }))).greeting;
}

test('generate runs ts-proto by buf, and its code calls a plugin', async () => {
  const folder = project('buf', ['@bufbuild', 'ts-proto'], ['buf', 'protoc-gen-ts_proto']);
  const { code, stdout, stderr } = await generate(folder);
  assert.deepEqual([code, stdout], [0, 'Wrote TypeScript of 2 .proto files into src/gen, by buf.\n'], stderr);
  assert.equal(await greet(folder), 'Hello Ada!');
  const again = await generate(folder, ['--json']);
  assert.deepEqual(JSON.parse(again.stdout), { output: 'src/gen', files: 2, by: 'buf' }, again.stderr);
});

test('generate runs ts-proto by protoc, and its code calls a plugin', async (t) => {
  const protoc = await protocFolder();
  if (protoc === undefined) return t.skip('protoc could not be downloaded from Debian.');
  const folder = project('protoc', ['@bufbuild/protobuf', 'ts-proto'], ['protoc-gen-ts_proto']);
  const { code, stdout, stderr } = await generate(folder, [], protoc);
  assert.deepEqual([code, stdout], [0, 'Wrote TypeScript of 2 .proto files into src/gen, by protoc.\n'], stderr);
  assert.equal(await greet(folder), 'Hello Ada!');
});

test('what is missing is told, with the command that installs it', async () => {
  const nothing = project('nothing', [], []);
  const generator = project('generator', ['ts-proto'], ['protoc-gen-ts_proto']);
  for (const [folder, args, expected] of [
    [nothing, [], 'ts-proto is not installed: npm install --save-dev ts-proto'],
    [generator, [], 'Neither buf nor protoc is installed. Install one: npm install --save-dev @bufbuild/buf'],
    [generator, ['nowhere'], 'Cannot read nowhere: ENOENT'],
    [generator, ['node_modules/ts-proto/build'], 'There are no .proto files in node_modules/ts-proto/build.'],
    [generator, ['--import-suffix', 'mjs'], 'mjs'],
  ] as const) {
    const { code, stdout, stderr } = await generate(folder, args);
    assert.deepEqual([code, stdout], [2, ''], stderr);
    assert.ok(stderr.includes(expected), stderr);
  }
});

test('an error of the compiler is printed', async () => {
  const folder = project('broken', ['@bufbuild', 'ts-proto'], ['buf', 'protoc-gen-ts_proto']);
  writeFileSync(join(folder, 'proto/broken.proto'), 'syntax = "proto3"; message X { Missing missing = 1; }');
  const { code, stderr } = await generate(folder);
  assert.equal(code, 2);
  assert.match(stderr, /broken\.proto:1:32:cannot find `Missing` in this scope/);
});
