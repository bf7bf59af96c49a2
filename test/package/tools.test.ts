/** With the tools that users have: the packed package is imported, and a plugin is started, called and stopped. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFile, chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { createClient, type SecureConfig } from 'rxplug';
import { directoryChecksum } from 'rxplug/transport';
import { handshake, plugins } from '../../examples/basic/contract.js';
import { generate, type ToolProject, toolProject, tsc } from '../support/tool-project.js';

const { execPath: node } = process;
const GREETING = 'Hello Ada!\n';

const PACKAGES = [
  'rxjs@7',
  '@bufbuild/protobuf@2',
  'inversify@8',
  '@types/node@20',
  '@bufbuild/protoc-gen-es@2',
  'tsx@4',
  'vitest@4',
  'vite@8',
  'jest@30',
  '@swc/core@1',
  '@swc/jest@0.2',
  'esbuild@0.28',
  'postject@1.0.0-alpha.6',
];

/** What is used of `@swc/core`. */
interface Swc {
  transformFile(file: string, options: { readonly cwd: string }): Promise<{ readonly code: string }>;
}

let installed: ToolProject | undefined;
before(async () => {
  installed = await toolProject(PACKAGES);
  if (installed === undefined) return;
  for (const folder of ['typescript', 'javascript', 'commonjs']) await generate(installed, folder);
  await cp(join(installed.directory, 'typescript/gen'), join(installed.directory, 'classes/gen'), { recursive: true });
});
after(async () => {
  if (installed !== undefined) await rm(installed.directory, { recursive: true });
});

/** A test with the project; skipped where the tools cannot be installed. */
function testWith(name: string, body: (project: ToolProject) => Promise<void>): void {
  test(name, async (t: TestContext) => {
    if (installed === undefined) return t.skip('npm install failed: no registry');
    await body(installed);
  });
}

/** What a plugin answers to a host of this process. */
async function greetingOf(command: readonly [string, ...string[]], cwd: string, secureConfig?: SecureConfig) {
  const secure = secureConfig === undefined ? {} : { secureConfig };
  const env = installed?.env ?? {};
  const client = createClient({ command, cwd, env, handshake, plugins, ...secure });
  try {
    await client.start();
    return (await firstValueFrom((await client.dispense('greeter')).greet({ name: 'Ada' }))).greeting;
  } finally {
    await client.stop();
  }
}

describe('without a build', () => {
  testWith('tsx: host and plugin, by its command and by --import', async ({ run }) => {
    assert.equal(await run('typescript', 'tsx', 'host.ts'), GREETING);
    assert.equal(await run('typescript', node, '--import', 'tsx', 'host.ts'), GREETING);
  });

  testWith('tsx: a class with an injected constructor', async ({ directory }) => {
    const command = [node, '--import', 'tsx', 'plugin.ts'] as const;
    assert.equal(await greetingOf(command, join(directory, 'classes')), 'Hello Ada!');
  });

  testWith('JavaScript with definitions of protoc-gen-es', async ({ run }) => {
    assert.equal(await run('javascript', node, 'host.js'), GREETING);
  });

  testWith('JavaScript in CommonJS', async ({ directory }) => {
    assert.equal(await greetingOf([node, 'plugin.js'], join(directory, 'commonjs')), 'Hello Ada!');
  });
});

describe('compilers and bundlers', () => {
  testWith('tsc: the program of the README, from its .proto to its greeting', async (project) => {
    await generate(project, 'readme');
    await project.run('readme', node, tsc);
    assert.equal(await project.run('readme', node, 'dist/host.js'), GREETING);
  });

  testWith('tsc: what Node runs as it is has no error', async ({ run }) => {
    assert.equal(await run('typescript', node, tsc), '');
  });

  testWith('swc: a class with an injected constructor', async ({ directory, bin }) => {
    const swc = (await import(pathToFileURL(bin('@swc/core/index.js')).href)) as Swc;
    const folder = join(directory, 'swc');
    await mkdir(join(folder, 'gen'), { recursive: true });
    for (const name of ['contract', 'plugin', 'gen/greeter']) {
      const { code } = await swc.transformFile(join(directory, 'classes', `${name}.ts`), {
        cwd: join(directory, 'classes'),
      });
      await writeFile(join(folder, `${name}.js`), code);
    }
    assert.equal(await greetingOf([node, 'plugin.js'], folder), 'Hello Ada!');
  });

  testWith('vite: a bundle for the server, in an empty folder', async ({ directory, run, bin }) => {
    await run('typescript', node, bin('vite/bin/vite.js'), 'build', '--logLevel', 'error');
    const alone = join(directory, 't/alone');
    await cp(join(directory, 'typescript/dist'), alone, { recursive: true });
    await writeFile(join(alone, 'package.json'), JSON.stringify({ type: 'module' }));
    assert.equal(await greetingOf([node, 'plugin.js'], alone), 'Hello Ada!');
  });
});

describe('test runners', () => {
  testWith('vitest', async ({ run, bin }) => {
    assert.match(await run('typescript', node, bin('vitest/vitest.mjs'), 'run'), /2 passed/);
  });

  testWith('jest, with ES modules', async ({ run, bin }) => {
    await run('javascript', node, '--experimental-vm-modules', bin('jest/bin/jest.js'));
  });

  testWith('jest, with CommonJS, which compiles the package', async ({ run, bin }) => {
    await run('commonjs', node, bin('jest/bin/jest.js'));
  });

  test('jest, with CommonJS, which requires ES modules', async (t) => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    if (major < 24 || (major === 24 && minor < 9)) return t.skip('Jest requires ES modules with Node 24.9 and newer');
    if (installed === undefined) return t.skip('npm install failed: no registry');
    const config = ['--config', 'jest.native.config.js'];
    await installed.run('commonjs', node, '--experimental-vm-modules', installed.bin('jest/bin/jest.js'), ...config);
  });
});

describe('one executable file', () => {
  const sha256 = async (file: string) =>
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  const secured = async (file: string): Promise<SecureConfig> => ({ checksum: await sha256(file), hash: 'sha256' });
  let folder = '';

  testWith('a script with a first line for Node: its checksum covers the program', async (project) => {
    folder = join(project.directory, 'executable');
    await project.run('executable', node, 'build.js');
    const script = join(folder, 'greeter');
    const secureConfig = await secured(script);
    assert.equal(await greetingOf([script], folder, secureConfig), 'Hello Ada!');
    await appendFile(script, '\n');
    await assert.rejects(greetingOf([script], folder, secureConfig), { code: 'ERR_CHECKSUM_MISMATCH' });
  });

  testWith('a shell wrapper: its checksum covers the wrapper alone', async () => {
    const wrapper = join(folder, 'greeter.sh');
    await chmod(wrapper, 0o755);
    assert.equal(await greetingOf([wrapper], folder), 'Hello Ada!');
    // The checked file runs by a descriptor, so that it does not know where it lies.
    await assert.rejects(greetingOf([wrapper], folder, await secured(wrapper)), { code: 'ERR_EXITED_EARLY' });
    await writeFile(wrapper, `#!/bin/sh\nexec node '${join(folder, 'greeter.cjs')}'\n`);
    const secureConfig = await secured(wrapper);
    await appendFile(join(folder, 'greeter.cjs'), '\n');
    assert.equal(await greetingOf([wrapper], folder, secureConfig), 'Hello Ada!');
    const directory = { directory: folder, checksum: await directoryChecksum(folder), hash: 'sha256' };
    assert.equal(await greetingOf([wrapper], folder, directory), 'Hello Ada!');
    await appendFile(join(folder, 'greeter.cjs'), '\n');
    await assert.rejects(greetingOf([wrapper], folder, directory), { code: 'ERR_CHECKSUM_MISMATCH' });
  });

  testWith('a single executable application: its checksum covers program and Node', async (project) => {
    await project.run('executable', 'sh', 'build.sh');
    const binary = join(folder, 'greeter.bin');
    assert.equal(await greetingOf([binary], folder, await secured(binary)), 'Hello Ada!');
  });
});
