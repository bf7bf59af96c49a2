import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { testEnv } from '../fixtures/fixture.js';
import { packedProject } from '../support/packed-project.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, unknown>;
};

let project = '';

before(async () => {
  ({ directory: project } = await packedProject());
  await writeFile(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
});
after(() => rm(project, { recursive: true }));

const compilerOptions = {
  target: 'ES2022',
  lib: ['ES2023', 'ESNext.Disposable'],
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  strict: true,
  exactOptionalPropertyTypes: true,
  experimentalDecorators: true,
  declaration: true,
  skipLibCheck: false,
  types: ['node'],
  rootDir: '.',
  outDir: 'dist',
};

const inProject = (script: string) =>
  run(process.execPath, ['--input-type=module', '-e', script], { cwd: project, env: testEnv() });

test('every door of the package opens', async () => {
  const doors = Object.keys(manifest.exports).map((door) => door.replace('.', 'rxplug'));
  const { stdout } = await inProject(
    `for (const door of ${JSON.stringify(doors)}) if (Object.keys(await import(door)).length === 0) console.log(door);`,
  );
  assert.equal(stdout, '');
});

for (const path of [
  'dist/lib/required/core.js',
  'dist/src/host/plugin-client.js',
  'src/index.ts',
  'host',
  'streams/backoff',
]) {
  test(`rxplug/${path} cannot be imported`, async () => {
    const { stdout } = await inProject(`console.log(await import('rxplug/${path}').catch(({ code }) => code));`);
    assert.equal(stdout, 'ERR_PACKAGE_PATH_NOT_EXPORTED\n');
  });
}

test("a user's host and plugin compile against the types, which are checked too, and run", async () => {
  for (const file of ['basic/contract.ts', 'basic/plugin.ts', 'basic/host.ts', 'gen/greeter.ts'])
    await cp(join(root, 'examples', file), join(project, file));
  await writeFile(join(project, 'basic/declared.ts'), DECLARED);
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')], { cwd: project }).catch(
    ({ stdout }: { stdout: string }) => assert.fail(stdout),
  );
  const { stdout } = await run(process.execPath, ['dist/basic/host.js'], { cwd: project, env: testEnv() });
  assert.equal(stdout, 'Hello Ada!\n');
});

/** What a library on top of rxplug exports without naming its type: every type in it must be reachable by the package's doors. */
const DECLARED = `
import { attachProcess, backoff, createClient, discovered, implement, launch, processRunner, serveTest } from 'rxplug';
import { attachContainer, containerRunner } from 'rxplug/container';
import { injectPlugin, managedClients, pluginHostModule } from 'rxplug/di';
import { createGrpcChannel, createGrpcClient, createGrpcServer, selfSignedAuthority } from 'rxplug/grpc';
import { createNetRpcClient, gob, handler, method, serveNetRpc } from 'rxplug/net-rpc';
import { createPluginPair, createGrpcPair, fakeRunner } from 'rxplug/testing';
import { dialerTo, listen, socketTransport } from 'rxplug/transport';
import { createLogParser, createYamuxDecoder, parseHandshake } from 'rxplug/wire';
import { GreeterDefinition } from '../gen/greeter.js';
import { handshake, plugins } from './contract.js';
export const options = { command: ['x'] as const, handshake, plugins };
export const client = createClient(options);
export const greeter = client.dispense('greeter');
export const call = greeter.then(({ greet }) => greet);
export const plugin$ = launch(options);
export const states = [client.state$, client.logs$, client.handshake$, client.exit$] as const;
export const implementation = implement(plugins.greeter, { greet: ({ name }) => ({ greeting: name }) });
export const module = pluginHostModule({ greeter: options });
export const runner = processRunner({ command: ['x'], env: {} });
export const hosts = [attachProcess, backoff, discovered, serveTest, attachContainer, containerRunner] as const;
export const injected = [injectPlugin, managedClients] as const;
export const grpc = [createGrpcChannel, createGrpcClient, createGrpcServer, selfSignedAuthority] as const;
export const channel = (dialer: ReturnType<typeof dialerTo>) => createGrpcChannel({ dialer });
export const server = createGrpcServer();
export const netRpc = [createNetRpcClient, handler, method, serveNetRpc] as const;
export const greeting = method(gob.struct('Greeting', { Name: gob.string }), gob.string);
export const pairs = [createPluginPair, createGrpcPair, fakeRunner] as const;
export const sockets = [dialerTo, listen, socketTransport] as const;
export const codecs = [createLogParser, createYamuxDecoder, parseHandshake] as const;
export const definition = GreeterDefinition;
`;
