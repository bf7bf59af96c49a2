import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createClient } from 'rxplug';
import { plugins as contracts, handshake } from '../../../../examples/grpc-kv/contract.js';
import { installedPlugins } from '../../../../packages/store/src/sources/npm/installed-plugins.js';
import { PluginError } from '../../../../src/errors.js';
import { temporaryFolder } from '../plugin-archives.js';

const { platform, arch } = process;
const HERE = `${platform}-${arch}`;
const manifest = { manifestVersion: 1, name: 'acme/kv', version: '1.4.2', run: { any: ['node', 'kv.js'] } };

/** Writes packages into a folder of a test: contents by path. */
function project(t: TestContext, files: Readonly<Record<string, object | string>>): string {
  const folder = realpathSync(temporaryFolder(t));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o755 });
  }
  return folder;
}

function plugin(more: object = {}): object {
  return { name: 'kv', version: '1.4.2', keywords: ['rxplug-plugin'], rxplug: manifest, ...more };
}

test('plugins are found by their keyword, and those that cannot be used are told', async (t) => {
  const folder = project(t, {
    'package.json': {
      dependencies: { kv: '1', beside: '1', library: '1', odd: '1', bare: '1', broken: '1', missing: '1' },
      optionalDependencies: { absent: '1', other: '1' },
    },
    'src/host.js': '',
    'node_modules/kv/package.json': plugin(),
    'node_modules/beside/package.json': { keywords: ['rxplug-plugin'] },
    'node_modules/beside/rxplug.plugin.json': { ...manifest, name: 'acme/beside', run: { [HERE]: ['bin/it', '-v'] } },
    'node_modules/library/package.json': { rxplug: manifest },
    'node_modules/other/package.json': plugin({ keywords: ['other-plugin'] }),
    'node_modules/odd/package.json': plugin({ rxplug: { ...manifest, version: 'latest' } }),
    'node_modules/bare/package.json': { keywords: ['rxplug-plugin'] },
    'node_modules/broken/package.json': '{',
  });
  const from = pathToFileURL(join(folder, 'src/host.js')).href;
  const { plugins, unusable } = await installedPlugins({ from });
  const modules = join(folder, 'node_modules');
  assert.deepEqual(
    plugins.map(({ options, ...plugin }) => ({
      ...plugin,
      command: options.command,
      cwd: options.cwd,
      name: options.manifest.name,
    })),
    [
      {
        package: 'beside',
        folder: join(modules, 'beside'),
        command: [join(modules, 'beside/bin/it'), '-v'],
        cwd: join(modules, 'beside'),
        name: 'acme/beside',
      },
      {
        package: 'kv',
        folder: join(modules, 'kv'),
        command: [process.execPath, 'kv.js'],
        cwd: join(modules, 'kv'),
        name: 'acme/kv',
      },
    ],
  );
  assert.deepEqual(
    unusable.map((one) => one.package),
    ['bare', 'broken', 'missing', 'odd'],
  );
  const messages = unusable.map(({ error }) => error.message).join('\n');
  assert.match(messages, /bare has the keyword of a plugin, and no manifest/);
  assert.match(messages, /broken\/package.json is no JSON/);
  assert.match(messages, /missing is a dependency of .*, and is not installed/);
  assert.match(messages, /odd cannot be used: .*`version`/);
  const others = await installedPlugins({ from: join(folder, 'src/host.js'), keyword: 'other-plugin' });
  assert.deepEqual(
    others.plugins.map((one) => one.package),
    ['other'],
  );
});

test('the executable in the package for this platform is preferred', async (t) => {
  const name = platform === 'win32' ? 'kv.exe' : 'kv';
  const folder = project(t, {
    'package.json': { dependencies: { kv: '1' } },
    'node_modules/kv/package.json': plugin({
      optionalDependencies: { library: '1', 'kv-elsewhere-x64': '1', [`kv-${HERE}`]: '1' },
    }),
    'node_modules/library/kv': 'no executable of the plugin',
    'node_modules/library/package.json': {},
    'node_modules/kv-elsewhere-x64/package.json': { os: ['elsewhere'], cpu: ['x64'] },
    'node_modules/kv-elsewhere-x64/kv': '',
    [`node_modules/kv-${HERE}/package.json`]: { os: [platform], cpu: [arch] },
    [`node_modules/kv-${HERE}/${name}`]: '',
  });
  const { plugins } = await installedPlugins({ from: join(folder, 'host.js') });
  assert.deepEqual(plugins[0]?.options.command, [join(folder, `node_modules/kv-${HERE}`, name)]);
});

test('packages are found where pnpm has linked them', { skip: platform === 'win32' }, async (t) => {
  const folder = project(t, {
    'package.json': { dependencies: { kv: '1' } },
    'node_modules/.pnpm/kv@1.4.2/node_modules/kv/package.json': plugin({
      optionalDependencies: { [`kv-${HERE}`]: '1' },
    }),
    [`node_modules/.pnpm/kv-${HERE}@1/node_modules/kv-${HERE}/package.json`]: { os: [platform], cpu: [arch] },
    [`node_modules/.pnpm/kv-${HERE}@1/node_modules/kv-${HERE}/bin/kv`]: '',
  });
  const store = join(folder, 'node_modules/.pnpm');
  symlinkSync(join(store, 'kv@1.4.2/node_modules/kv'), join(folder, 'node_modules/kv'));
  symlinkSync(join(store, `kv-${HERE}@1/node_modules/kv-${HERE}`), join(store, `kv@1.4.2/node_modules/kv-${HERE}`));
  const { plugins } = await installedPlugins({ from: join(folder, 'host.js') });
  assert.equal(plugins[0]?.folder, join(store, 'kv@1.4.2/node_modules/kv'));
  assert.deepEqual(plugins[0]?.options.command, [join(store, `kv-${HERE}@1/node_modules/kv-${HERE}/bin/kv`)]);
});

test('a plugin that npm has installed is started with what is found', async (t) => {
  const program = fileURLToPath(new URL('../../../../examples/grpc-kv/plugin.js', import.meta.url));
  const folder = project(t, {
    'package.json': { name: 'host', version: '1.0.0', private: true },
    'kv/package.json': plugin({ files: ['kv.js'], type: 'module' }),
    'kv/kv.js': `await import(${JSON.stringify(pathToFileURL(program).href)});`,
  });
  execFileSync('npm', ['pack', '--silent', './kv'], { cwd: folder, timeout: 60_000 });
  const quiet = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts', '--silent'];
  execFileSync('npm', ['install', ...quiet, './kv-1.4.2.tgz'], {
    cwd: folder,
    timeout: 60_000,
    env: { ...process.env, npm_config_cache: join(folder, 'cache') },
  });
  const { plugins, unusable } = await installedPlugins({ from: join(folder, 'host.js') });
  assert.deepEqual(unusable, []);
  const client = createClient({ ...plugins[0]!.options, handshake, plugins: contracts });
  try {
    await client.start();
    assert.deepEqual({ ...client.plugin }, { name: 'acme/kv', version: '1.4.2' });
  } finally {
    await client.stop();
  }
});

test('wrong options are refused', async () => {
  const codeIs = (code: string) => (error: unknown) => PluginError.is(error) && error.code === code;
  await assert.rejects(installedPlugins({ from: '' }), codeIs('ERR_OPTIONS'));
  await assert.rejects(installedPlugins({ from: '/', keywords: 'x' } as never), codeIs('ERR_OPTIONS'));
  await assert.rejects(installedPlugins({ from: '/host.js' }), codeIs('ERR_NOT_FOUND'));
});
