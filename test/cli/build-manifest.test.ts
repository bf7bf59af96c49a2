/** The manifest that `rxplug build` writes beside a plugin. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createClient } from 'rxplug';
import { parsePluginManifest } from 'rxplug/manifest';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { REPOSITORY } from '../conformance/build-go.js';
import { type CliResult, runCli } from './run-cli.js';

const EXAMPLES = join(REPOSITORY, 'examples/grpc-kv');
const PLUGIN = `
import { serve } from ${JSON.stringify(join(REPOSITORY, 'dist/lib/index.js'))};
import { handshake } from ${JSON.stringify(join(EXAMPLES, 'contract.ts'))};
import { KvStore } from ${JSON.stringify(join(EXAMPLES, 'kv-store.ts'))};
void serve({ handshake, plugins: { kv: KvStore } });
`;
const { magicCookieKey: cookieKey, magicCookieValue: cookieValue } = handshake;

/** What a start shows of the plugin, and what the package.json of its source says. */
const SHOWN = {
  manifestVersion: 1,
  name: 'kv',
  version: '1.2.3',
  license: 'MIT',
  handshake: { cookieKey, cookieValue, protocolVersions: [1] },
  protocols: ['grpc'],
  plugins: { kv: { services: ['kv.v1.KV'] } },
  run: { any: ['node', 'kv'] },
  needs: { node: '>=20' },
} as const;

let project: string;
before(async () => {
  project = await mkdtemp(join(tmpdir(), 'build-manifest-'));
  const packageJson = { type: 'module', version: '1.2.3', license: 'MIT', engines: { node: '>=20' } };
  await writeFile(join(project, 'package.json'), JSON.stringify(packageJson));
  await writeFile(join(project, 'plugin.ts'), PLUGIN);
});
after(() => rm(project, { recursive: true }));

const build = (...words: readonly string[]): Promise<CliResult> =>
  runCli(['build', 'plugin.ts', '-o', 'made/kv', '--manifest', '--no-record', '--no-check', '--json', ...words], {
    cwd: project,
    limitMs: 180_000,
  });
const written = async () => parsePluginManifest(await readFile(join(project, 'made/rxplug.plugin.json'), 'utf8'));
const saySource = (manifest: object): Promise<void> =>
  writeFile(join(project, 'rxplug.plugin.json'), JSON.stringify(manifest));

test('it says what starts have shown, hosts take it, and the folder is started by it without a cookie', async () => {
  const { code, stdout, stderr } = await build('--cookie', `${cookieKey}=${cookieValue}`);
  assert.equal(code, 0, stderr);
  const { files } = JSON.parse(stdout) as { readonly files: readonly { readonly path: string }[] };
  assert.equal(files.at(-1)?.path, join('made', 'rxplug.plugin.json'));
  const manifest = await written();
  assert.deepEqual(manifest, SHOWN);
  const cwd = join(project, 'made');
  await using client = createClient({ command: manifest.run.any, cwd, handshake, plugins, manifest });
  await client.start();
  assert.deepEqual(client.plugin, { name: 'kv', version: '1.2.3' });
  const inspected = await runCli(['inspect', './made'], { cwd: project });
  assert.match(inspected.stdout, /^manifest +kv 1\.2\.3$/m, inspected.stderr);
});

test('what the manifest of the source says is taken over, and it is built without a cookie', async () => {
  const said = {
    manifestVersion: 1,
    name: 'acme/kv',
    version: '2.0.0',
    license: 'MPL-2.0',
    handshake: SHOWN.handshake,
    plugins: { store: {} },
    hosts: { acme: '>=3' },
    run: { 'linux-arm64': ['bin/kv'], any: ['sh', 'old'] },
    needs: { network: true },
  };
  await saySource(said);
  const { code, stderr } = await build();
  assert.equal(code, 0, stderr);
  assert.deepEqual(await written(), {
    ...said,
    protocols: ['grpc'],
    plugins: { store: { services: ['kv.v1.KV'] } },
    run: { 'linux-arm64': ['bin/kv'], any: ['node', 'kv'] },
    needs: { network: true, node: '>=20' },
  });
});

for (const [what, wrong, message] of [
  [
    'another version than the plugin speaks',
    { handshake: { cookieKey, cookieValue, protocolVersions: [1, 2] } },
    'it says protocol version 2, and the plugin speaks 1',
  ],
  ['another protocol', { protocols: ['netrpc'] }, 'it says netrpc, and the plugin serves grpc'],
] as const)
  test(`a manifest of the source that says ${what} is refused`, async () => {
    await saySource({ ...SHOWN, ...wrong });
    const { code, stderr } = await build();
    assert.equal(code, 1, stderr);
    assert.ok(stderr.includes(`The plugin was made, and its manifest cannot be: ${message}`), stderr);
  });
