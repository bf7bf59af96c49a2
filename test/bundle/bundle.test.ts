import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import { type BundleResult, bundle } from 'rxplug/bundle';
import { bundlePlugin } from '../../examples/bundled/build.js';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { testEnv } from '../fixtures/fixture.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const run = promisify(execFile);

let directory = '';
let bundled: BundleResult;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bundle'));
  bundled = await bundlePlugin(directory);
});
after(() => rm(directory, { recursive: true }));

async function assertServes(file: string, options: { readonly autoMtls?: boolean } = {}): Promise<void> {
  await using client = createClient({ command: [process.execPath, file], handshake, plugins, ...options });
  await client.start();
  const kv = await client.dispense('kv');
  assert.equal((await firstValueFrom(kv.put({ key: 'a', value: new Uint8Array(1) }))).revision, 1n);
}

/** A folder with the files and nothing else. */
async function folderWith(...files: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'alone'));
  after(() => rm(folder, { recursive: true }));
  for (const file of files) await copyFile(file, join(folder, basename(file)));
  return folder;
}

/** Whether the program of a bundle ran on the stored code: V8 says so to the flag, which a code that was not taken is not asked for. */
async function takesCode(file: string): Promise<boolean> {
  const probe = `
    const vm = require('node:vm');
    const { Script } = vm;
    vm.Script = class extends Script {
      constructor(source, options) {
        super(source, options);
        console.log(options.cachedData === undefined ? 'no code' : this.cachedDataRejected ? 'rejected' : 'taken');
        process.exit();
      }
    };`;
  const preload = join(await folderWith(), 'probe.cjs');
  await writeFile(preload, probe);
  const { stdout } = await run(process.execPath, ['--require', preload, file], { env: testEnv() });
  assert.match(stdout, /^(no code|taken|rejected)\n$/);
  return stdout === 'taken\n';
}

const HANDSHAKE = { protocolVersion: 1, magicCookieKey: 'K', magicCookieValue: 'V' };

/** A plugin and its host in one, with a class into whose constructor something is injected. */
const INJECTED = `
import { ContainerModule, decorate, inject, injectable } from 'inversify';
import { firstValueFrom } from 'rxjs';
import { createClient, grpcPlugin, PluginService, serveTest } from 'rxplug';
import { GreeterDefinition } from '${new URL('../../examples/gen/greeter.js', import.meta.url).pathname}';
class Greeter {
  constructor(word) { this.word = word; }
  greet({ name }) { return { greeting: this.word + ' ' + name }; }
}
decorate(injectable(), Greeter);
decorate(inject('word'), Greeter, 0);
PluginService(GreeterDefinition)(Greeter);
const handshake = ${JSON.stringify(HANDSHAKE)};
const modules = [new ContainerModule(({ bind }) => void bind('word').toConstantValue('Good day'))];
void (async () => {
  const serving = await serveTest({ handshake, plugins: { greeter: Greeter }, modules });
  const client = createClient({ reattach: serving.reattach, handshake, plugins: { greeter: grpcPlugin(GreeterDefinition) } });
  await client.start();
  console.log((await firstValueFrom((await client.dispense('greeter')).greet({ name: 'Ada' }))).greeting);
  await client.stop();
  await serving.close();
})();`;

/** A plugin and its host in one, with a definition of protoc-gen-es. */
const PROTOBUF_ES = `
import { firstValueFrom } from 'rxjs';
import { createClient, grpcPlugin, implement, serveTest } from 'rxplug';
import { Greeter } from '${new URL('../generators/gen/greeter_pb.js', import.meta.url).pathname}';
const handshake = ${JSON.stringify(HANDSHAKE)};
const greeter = grpcPlugin(Greeter);
void (async () => {
  const implemented = implement(greeter, { greet: ({ name }) => ({ greeting: 'Hello, ' + name + '!' }) });
  const serving = await serveTest({ handshake, plugins: { greeter: implemented } });
  const client = createClient({ reattach: serving.reattach, handshake, plugins: { greeter } });
  await client.start();
  console.log((await firstValueFrom((await client.dispense('greeter')).greet({ name: 'Ada' }))).greeting);
  await client.stop();
  await serving.close();
})();`;

describe('a bundled plugin', () => {
  test('is one ASCII file', async () => {
    assert.deepEqual(await readdir(directory), [basename(bundled.file)]);
    assert.ok((await readFile(bundled.file)).every((byte) => byte < 0x80));
  });

  test('serves on the stored code, which V8 takes', async () => {
    assert.equal(await takesCode(bundled.file), true);
    await assertServes(bundled.file);
  });

  test('serves alone, in an empty folder, with AutoMTLS too', async () => {
    const file = join(await folderWith(bundled.file), basename(bundled.file));
    assert.equal(await takesCode(file), true);
    for (const autoMtls of [false, true]) await assertServes(file, { autoMtls });
  });

  test('has the code for the version of Node that recorded it, and serves on another without', async () => {
    const text = await readFile(bundled.file, 'latin1');
    const own = [process.version, process.platform, process.arch];
    for (const part of own) {
      const other = text.replace(`'${own.join(' ')}'`, `'${own.join(' ').replace(part, 'other')}'`);
      assert.notEqual(other, text);
      const file = join(await folderWith(), 'plugin.cjs');
      await writeFile(file, other);
      assert.equal(await takesCode(file), false);
      await assertServes(file);
    }
  });
});

describe('a bundled host', () => {
  const HOST = `
import { firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
async function main() {
  const client = createClient({ command: [process.execPath, ${JSON.stringify('PLUGIN')}], handshake, plugins });
  await client.start();
  const kv = await client.dispense('kv');
  const { revision } = await firstValueFrom(kv.put({ key: 'a', value: new Uint8Array(1) }));
  await client.stop();
  console.log(String(revision), /[ä*]*/.test('*/'), '*/ä');
}
void main();
`;

  async function bundleText(
    text: string,
    { record = false, grpcJs = false, external = [] as readonly string[] } = {},
  ): Promise<BundleResult> {
    const entry = join(here, `entry-${process.pid}.mjs`);
    await writeFile(entry, text.replace('PLUGIN', bundled.file));
    const outfile = join(await folderWith(), 'host.cjs');
    try {
      return await bundle({
        entry,
        outfile,
        grpcJs,
        external,
        ...(record ? { record: async ([file, ...args]) => void (await run(file, args, { env: testEnv() })) } : {}),
      });
    } finally {
      await rm(entry);
    }
  }

  test('runs with its code and without, whatever its text contains', async () => {
    for (const record of [false, true]) {
      const { file } = await bundleText(HOST, { record });
      assert.equal(await takesCode(file), record);
      assert.equal((await run(process.execPath, [file], { env: testEnv() })).stdout, '1 true */ä\n');
    }
  });

  test('has the engine of grpc-js when it is asked for, and says so when it has not', async () => {
    const text = HOST.replace('handshake, plugins });', "handshake, plugins, grpcEngine: 'grpc-js' });");
    const { file } = await bundleText(text, { grpcJs: true });
    assert.equal((await run(process.execPath, [file], { env: testEnv() })).stdout, '1 true */ä\n');
    const without = await bundleText(text);
    await assert.rejects(
      run(process.execPath, [without.file], { env: testEnv() }),
      /without the engine grpc-js.*grpcJs: true/,
    );
  });

  test('loads of Node no module that it does not use', async () => {
    const loaded = async (text: string): Promise<string> => {
      const names =
        'process.moduleLoadList.filter((name) => / (fs.promises|os|module|tls|child_process|http2|zlib)$/.test(name))';
      const { file } = await bundleText(`${text} console.log(JSON.stringify(${names}));`);
      return (await run(process.execPath, [file], { env: testEnv() })).stdout;
    };
    const nothing = await loaded('');
    assert.equal(
      await loaded("import { createClient, serve } from 'rxplug'; globalThis.used = [createClient, serve];"),
      nothing,
    );
    assert.notEqual(await loaded("import { open } from 'node:fs/promises'; globalThis.used = open;"), nothing);
  });

  test('stores nothing of what it imports by import() and has not used', async () => {
    const { file } = await bundleText(
      `
if (process.argv[2] === 'greet')
  void import('../../examples/gen/greeter.js').then(({ GreeterDefinition }) => console.log(GreeterDefinition.fullName));
else console.log('b');
`,
      { record: true },
    );
    const text = await readFile(file, 'latin1');
    const [, code] = /^const code = function \(\) {\/\*(.+)\*\/};$/m.exec(text)!;
    assert.equal(Buffer.from(code!, 'base64').includes('createBaseGreetRequest'), false);
    assert.ok(text.includes('createBaseGreetRequest'));
    assert.equal((await run(process.execPath, [file], { env: testEnv() })).stdout, 'b\n');
    assert.equal((await run(process.execPath, [file, 'greet'], { env: testEnv() })).stdout, 'greeter.v1.Greeter\n');
  });

  test('shares variables as they are now with what it imports by import(), without a definition for each', async () => {
    const shared = join(here, `shared-${process.pid}.mjs`);
    const later = join(here, `later-${process.pid}.mjs`);
    await writeFile(shared, 'export let $a = 1, b = 1; export const add = () => { $a += 1; b += 2; };');
    await writeFile(
      later,
      `import { $a, b } from ${JSON.stringify(shared)}; export { b as default, b as "b c"}; export const now = () => [$a, b];`,
    );
    try {
      const { file } = await bundleText(`
import { add } from ${JSON.stringify(shared)};
add();
void import(${JSON.stringify(later)}).then((later) => {
  add();
  console.log(JSON.stringify([later.now(), later.default, later['b c'], Object.keys(later)]));
});
`);
      const { stdout } = await run(process.execPath, [file], { env: testEnv() });
      assert.equal(stdout, '[[3,5],5,5,["b c","default","now"]]\n');
      assert.doesNotMatch(await readFile(file, 'utf8'), /__export\(stdin_exports/);
    } finally {
      await Promise.all([rm(shared), rm(later)]);
    }
  });

  test('is made in a working directory that is not the one of the first bundle', async () => {
    const before = process.cwd();
    process.chdir(directory);
    try {
      const { file } = await bundleText("import { serve } from 'rxplug'; console.log(typeof serve);");
      assert.equal((await run(process.execPath, [file], { env: testEnv() })).stdout, 'function\n');
    } finally {
      process.chdir(before);
    }
  });

  test('leaves out what only code imports by import() that the program does not use', async () => {
    const has = async (name: string): Promise<boolean> => {
      const { file } = await bundleText(`import { ${name} } from 'rxplug'; globalThis.used = ${name};`);
      return (await readFile(file, 'latin1')).includes('function connectGrpc(');
    };
    assert.deepEqual([await has('createClient'), await has('serve')], [true, false]);
  });

  test('has definitions of protobuf-es only where the program imports their package', async () => {
    const has = (text: string): boolean => text.includes('createFileRegistry');
    const serves = await bundleText("import { serve } from 'rxplug'; globalThis.used = serve;");
    assert.equal(has(await readFile(serves.file, 'latin1')), false);
    const { file } = await bundleText(PROTOBUF_ES);
    assert.equal(has(await readFile(file, 'latin1')), true);
    assert.equal((await run(process.execPath, [file], { env: testEnv() })).stdout, 'Hello, Ada!\n');
  });

  test('has net/rpc only where the program calls netRpcPlugin or imports rxplug/net-rpc', async () => {
    const has = async (text: string): Promise<boolean> => {
      const { file } = await bundleText(text);
      return /function netRpcServerProtocol\d*\(/.test(await readFile(file, 'latin1'));
    };
    const serves = "import { serve } from 'rxplug'; globalThis.used = serve;";
    assert.equal(await has(serves), false);
    assert.equal(await has(`import { netRpcPlugin } from 'rxplug'; globalThis.netRpc = netRpcPlugin; ${serves}`), true);
    assert.equal(await has(`import { gob } from 'rxplug/net-rpc'; globalThis.gob = gob; ${serves}`), true);
    assert.equal(
      await has(`import { NetRpcService } from 'rxplug/di'; globalThis.service = NetRpcService; ${serves}`),
      true,
    );
  });

  test('has containers only where inversify is imported, or may be by what is not bundled', async () => {
    const has = async (text: string, options = {}): Promise<boolean> => {
      const { file } = await bundleText(text, options);
      return (await readFile(file, 'latin1')).includes('PluginContainer=class');
    };
    const serves = "import { serve } from 'rxplug'; globalThis.used = serve;";
    assert.equal(await has(serves), false);
    assert.equal(await has(serves, { external: ['elsewhere'] }), true);
    assert.equal(await has(`import { inject } from 'inversify'; globalThis.inject = inject; ${serves}`), true);
    assert.equal(
      await has(`import { injectPlugin } from 'rxplug/di'; globalThis.inject = injectPlugin; ${serves}`),
      true,
    );
  });

  test('injects, and says so where nothing in it imports inversify', async () => {
    const { file } = await bundleText(INJECTED);
    assert.equal((await run(process.execPath, [file], { env: testEnv() })).stdout, 'Good day Ada\n');
    const text =
      "void import('rxplug').then(({ serveTest }) => serveTest({ handshake: HANDSHAKE, plugins: {}, container: {} }));";
    const without = await bundleText(text.replace('HANDSHAKE', JSON.stringify(HANDSHAKE)));
    await assert.rejects(run(process.execPath, [without.file], { env: testEnv() }), /nothing in it imports inversify/);
  });

  test('imports by import() what is not bundled, also in stored code', async () => {
    const text = "void import(process.argv[2] ?? 'node:path').then(({ basename }) => console.log(basename('a/b')));";
    const { file } = await bundleText(text, { record: true });
    assert.equal(await takesCode(file), true);
    for (const args of [[], ['node:path'], ['data:text/javascript,export const basename = () => "b"']])
      assert.equal((await run(process.execPath, [file, ...args], { env: testEnv() })).stdout, 'b\n');
  });

  test('names itself, and the line, where an error was thrown: on its stored code too', async () => {
    const text = `
const fail = (what) => {
  throw new Error(what);
};
if (process.argv[2] === 'fail') fail('broken');
else try { fail('recorded'); } catch {}
`;
    for (const record of [false, true]) {
      const { file } = await bundleText(text, { record });
      assert.equal(await takesCode(file), record);
      const failed = run(process.execPath, [file, 'fail'], { env: testEnv() });
      const { stderr } = await failed.catch((error: { stderr: string }) => error);
      const [, line] = /at fail \(host\.cjs:(\d+):\d+\)/.exec(stderr) ?? [];
      const lines = (await readFile(file, 'utf8')).split('\n');
      assert.match(lines[Number(line) - 1] ?? '', /throw new Error\(what\)/, stderr);
    }
  });

  test('that awaits at its top level is refused with what to write', async () => {
    await assert.rejects(bundleText("import 'rxplug'; await 1;"), { code: 'ERR_OPTIONS', message: /void serve/ });
  });

  test('with values that are none of its options, or a folder in the place of its file, is refused', async () => {
    const entry = join(directory, 'empty.mjs');
    await writeFile(entry, '');
    const wrong = {
      external: [
        { external: 'esbuild' },
        /`external` of bundle to be an array of the names of packages, got esbuild\./,
      ],
      allowDynamic: [
        { allowDynamic: [1] },
        /`allowDynamic` of bundle to be an array of the names of packages, got 1\./,
      ],
      record: [{ record: true }, /`record` of bundle to be a function that runs a command, got true\./],
      outfile: [{ outfile: directory }, /could not be written \(EISDIR.*Give as `outfile` a file in a folder/],
    } as const;
    for (const [options, message] of Object.values(wrong))
      await assert.rejects(bundle({ entry, outfile: join(directory, 'wrong.cjs'), ...(options as object) }), {
        name: 'OptionsError',
        message,
      });
  });

  test('whose recording runs nothing is refused', async () => {
    const entry = fileURLToPath(new URL('../../examples/bundled/plugin.js', import.meta.url));
    const outfile = join(await folderWith(), 'plugin.cjs');
    const refused = bundle({ entry, outfile, record: () => Promise.resolve() });
    await assert.rejects(refused, { code: 'ERR_OPTIONS', message: /`record` has left no compiled code/ });
  });
});
