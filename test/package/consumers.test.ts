/** TypeScript projects of every kind compile against the packed package, with its declarations checked, and what they compile to runs. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { testEnv } from '../fixtures/fixture.js';
import { packedProject } from '../support/packed-project.js';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A host and plugins in one process, with the generated code of ts-proto and of protobuf-es. Without what needs injection. */
const PROGRAM = `
import { firstValueFrom, type Observable } from 'rxjs';
import { createClient, grpcPlugin, implement, type ServiceOf, serveTest } from 'rxplug';
import { type Address, dialerTo } from 'rxplug/transport';
import { bundle } from 'rxplug/bundle';
import { containerRunner } from 'rxplug/container';
import { fromProtobufEs, GrpcError, status } from 'rxplug/grpc';
import { gob, method } from 'rxplug/net-rpc';
import { createPluginPair } from 'rxplug/testing';
import { parseHandshake } from 'rxplug/wire';
import { GreeterDefinition } from './gen/greeter.js';
import { Greeter as GreeterEs } from './gen/greeter_pb.js';

export const used = [bundle, containerRunner, dialerTo, fromProtobufEs, GrpcError, parseHandshake, method(gob.string, gob.int)];
export const address = (dialer: ReturnType<typeof dialerTo>, to: Address) => [dialer, to] as const;
export const notFound = new GrpcError(status.NOT_FOUND, 'x').status === status.NOT_FOUND;
const handshake = { protocolVersion: 1, magicCookieKey: 'K', magicCookieValue: 'V' };
const plugins = { proto: grpcPlugin(GreeterDefinition), es: grpcPlugin(GreeterEs) };
const { proto } = plugins;
const service: ServiceOf<typeof GreeterDefinition> = { greet: ({ name }) => ({ greeting: 'Hello ' + name }) };
const served = {
  proto: implement(plugins.proto, service),
  es: implement(plugins.es, { greet: ({ name }) => ({ greeting: name.toUpperCase() }) }),
};

async function main(): Promise<void> {
  await using serving = await serveTest({ handshake, plugins: { proto: served.proto } });
  await using client = createClient({ reattach: serving.reattach, handshake, plugins: { proto } });
  await client.start();
  const proto$: Observable<{ greeting: string }> = (await client.dispense('proto')).greet({ name: 'Ada' });
  await using pair = await createPluginPair({ es: plugins.es }, { es: served.es });
  const es = await pair.dispense('es');
  const { greeting } = await firstValueFrom(es.greet({ name: 'Ada' }));
  const shout: string = greeting;
  // @ts-expect-error the message has no such field
  void (await firstValueFrom(es.greet({ name: 'Ada' }))).greting;
  console.log((await firstValueFrom(proto$)).greeting, shout);
}
void main();
`;

/** Not with node10, which finds no declarations of inversify, nor with TypeScript 5.7, which finds an error in them. */
const INJECTED = `
import { LOGGER, pluginHostModule } from 'rxplug/di';
export const injected = [LOGGER, pluginHostModule({})] as const;
`;

/** What other programs share. Of the package it imports only the main entry, and it writes out no types. */
const CONTRACT = `
import { grpcPlugin, promiseClient, unimplemented } from 'rxplug';
import { GreeterDefinition } from './gen/greeter.js';
import { Greeter as GreeterEs } from './gen/greeter_pb.js';
export const plugins = {
  proto: grpcPlugin(GreeterDefinition),
  promised: grpcPlugin(GreeterDefinition, { view: promiseClient }),
  viewed: grpcPlugin(GreeterDefinition, { view: ({ greet }) => ({ greet }) }),
  es: grpcPlugin(GreeterEs),
};
export class Nothing extends unimplemented(GreeterDefinition) {}
`;

const STRICTEST = {
  target: 'ES2022',
  lib: ['ES2023', 'ESNext.Disposable'],
  types: ['node'],
  rootDir: '.',
  strict: true,
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noFallthroughCasesInSwitch: true,
  noUncheckedSideEffectImports: true,
  isolatedModules: true,
  declaration: true,
};

/** Each kind of project. TypeScript 7 has no node10. */
const KINDS: Readonly<Record<string, { type: 'module' | 'commonjs'; options: object; without?: readonly string[] }>> = {
  'NodeNext, an ES module': { type: 'module', options: { module: 'NodeNext' } },
  'NodeNext, CommonJS': { type: 'commonjs', options: { module: 'NodeNext' } },
  'CommonJS, node10': {
    type: 'commonjs',
    options: { module: 'CommonJS', moduleResolution: 'node10' },
    without: ['typescript'],
  },
  Bundler: { type: 'module', options: { module: 'ESNext', moduleResolution: 'Bundler' } },
};

let project = '';
before(async () => {
  project = (await packedProject()).directory;
});
after(() => rm(project, { recursive: true }));

function compilerOf(name: string): string | undefined {
  try {
    return join(require.resolve(`${name}/package.json`), '../bin/tsc');
  } catch {
    return undefined;
  }
}

/** A folder of the project with the program and what is generated for it. */
async function writeProgram(folder: string, type: string, compilerOptions: object, texts: object): Promise<void> {
  await mkdir(join(folder, 'gen'), { recursive: true });
  await cp(join(root, 'examples/gen/greeter.ts'), join(folder, 'gen/greeter.ts'));
  await cp(join(root, 'test/generators/gen/greeter_pb.ts'), join(folder, 'gen/greeter_pb.ts'));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type }));
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text);
}

for (const compiler of ['typescript', 'typescript58', 'typescript57']) {
  const tsc = compilerOf(compiler);
  const skip = tsc === undefined && `${compiler} is not installed: npm ci`;
  describe(compiler, { skip }, () => {
    for (const [kind, { type, options, without = [] }] of Object.entries(KINDS)) {
      if (without.includes(compiler)) continue;
      test(kind, async () => {
        const folder = join(project, `${compiler} ${kind}`);
        const texts = {
          'program.ts': PROGRAM,
          ...(kind.includes('node10') || compiler === 'typescript57' ? {} : { 'injected.ts': INJECTED }),
        };
        await writeProgram(folder, type, { ...STRICTEST, ...options }, texts);
        await run(process.execPath, [tsc!], { cwd: folder }).catch(({ stdout }: { stdout: string }) =>
          assert.fail(stdout),
        );
        const compiled = await readFile(join(folder, 'program.js'), 'utf8');
        assert.equal(/require\("rxplug"\)/.test(compiled), type === 'commonjs');
        const { stdout } = await run(process.execPath, ['program.js'], { cwd: folder, env: testEnv() });
        assert.equal(stdout, 'Hello Ada ADA\n');
      });
    }
  });
}

const newest = compilerOf('typescript');

test('an exported contract has declarations, which name its types by the entries', {
  skip: newest === undefined && 'typescript is not installed: npm ci',
}, async () => {
  const folder = join(project, 'contract');
  await writeProgram(folder, 'module', { ...STRICTEST, module: 'NodeNext' }, { 'contract.ts': CONTRACT });
  await run(process.execPath, [newest!], { cwd: folder }).catch(({ stdout }: { stdout: string }) =>
    assert.fail(stdout),
  );
  const declarations = await readFile(join(folder, 'contract.d.ts'), 'utf8');
  assert.match(declarations, /import\("rxplug\/grpc"\)\.UnaryCall</);
});

test('every entry can be required, and has the same values as by import', async () => {
  const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { exports: object };
  const entries = Object.keys(exports).map((entry) => entry.replace('.', 'rxplug'));
  const script = `(async () => {
    for (const entry of ${JSON.stringify(entries)}) {
      const [required, imported] = [require(entry), await import(entry)];
      const names = Object.keys(imported);
      if (names.length === 0 || names.some((name) => required[name] !== imported[name])) console.log(entry);
    }
  })();`;
  const args = ['--input-type=commonjs', '-e', script];
  const { stdout, stderr } = await run(process.execPath, args, { cwd: project, env: testEnv() });
  assert.deepEqual([stdout, stderr], ['', '']);
});
