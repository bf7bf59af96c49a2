/** A manifest says how a plugin is started: beside the program, above it, or in the package.json of the project. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { profileOfManifest } from '../../../src/cli/target/manifest.js';
import { PROFILES } from '../../../src/cli/target/profiles.js';
import { ourPlugin } from '../../conformance/peers.js';
import { runCli } from '../run-cli.js';

const ours = await ourPlugin();
const [node, ...rest] = ours;
const MANIFEST = {
  manifestVersion: 1,
  name: 'acme/kv',
  version: '1.4.2',
  handshake: { cookieKey: 'RXPLUG_CONFORMANCE', cookieValue: 'hello', protocolVersions: [1, 2] },
  protocols: ['grpc'],
} as const;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'manifest-'));
});
afterEach(() => rm(folder, { recursive: true }));

const writeJson = (name: string, value: unknown): Promise<void> => writeFile(join(folder, name), JSON.stringify(value));
const writeProgram = async (name: string): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\nexec ${ours.map((word) => `'${word}'`).join(' ')}\n`, { mode: 0o755 });
  return path;
};

test('a folder with a manifest is started as it says: the command of this platform, in that folder', async () => {
  await writeProgram('kv');
  await writeJson('rxplug.plugin.json', {
    ...MANIFEST,
    run: { any: ['sh', 'kv'], [`${process.platform}-${process.arch}`]: ['./kv'] },
  });
  const found = await runCli(['inspect', folder]);
  assert.match(found.stdout, /^profile +acme\/kv\nmanifest +acme\/kv 1\.4\.2\n/m, found.stderr);
  assert.match(found.stdout, /^ {2}version +2 of 1–2$|version +\d of 1, ?2/m);
  await writeJson('rxplug.plugin.json', { ...MANIFEST, run: { any: ['sh', 'kv'] } });
  const { stdout, stderr } = await runCli(['inspect', '--json', folder]);
  assert.equal((JSON.parse(stdout) as { manifest: string }).manifest, 'acme/kv 1.4.2', stderr);
});

test('a program in a folder below the manifest is started with its cookie', async () => {
  await mkdir(join(folder, 'bin'));
  const program = await writeProgram('bin/kv');
  await writeJson('rxplug.plugin.json', MANIFEST);
  const { stdout, stderr } = await runCli(['inspect', program]);
  assert.match(stdout, /^profile +acme\/kv$/m, stderr);
});

test('package.json may have a manifest and a profile beside each other; the manifest takes its name and version', async () => {
  const { name: _, version: __, ...rxplug } = MANIFEST;
  const profile = { name: 'other', cookieKey: 'OTHER', cookieValue: 'x', files: ['other-*'] };
  await writeJson('package.json', { name: '@acme/kv', version: '3.0.0', rxplug: { ...rxplug, profile } });
  const { stdout, stderr } = await runCli(['inspect', '--', node, ...rest], { cwd: folder });
  assert.match(stdout, /^profile +@acme\/kv\nmanifest +@acme\/kv 3\.0\.0$/m, stderr);
});

test('what is given wins over the manifest', async () => {
  const program = await writeProgram('kv');
  await writeJson('rxplug.plugin.json', { ...MANIFEST, handshake: { cookieKey: 'WRONG', cookieValue: 'x' } });
  const { code, stdout, stderr } = await runCli(['inspect', '--cookie', 'RXPLUG_CONFORMANCE=hello', program]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^manifest +acme\/kv 1\.4\.2$/m);
});

test('the value of the cookie may be that of a known host; where nobody knows it, it is asked for', async () => {
  const named = (cookieKey: string) => profileOfManifest({ ...MANIFEST, handshake: { cookieKey } }, PROFILES);
  const terraform = PROFILES.find(({ name }) => name === 'terraform');
  assert.deepEqual(
    [named('TF_PLUGIN_MAGIC_COOKIE')?.cookieValue, named('TF_PLUGIN_MAGIC_COOKIE')?.versions],
    [terraform?.cookieValue, [5, 6]],
  );
  assert.equal(named('ACME'), undefined);
  const program = await writeProgram('kv');
  await writeJson('rxplug.plugin.json', { ...MANIFEST, handshake: { cookieKey: 'ACME' } });
  const { code, stderr } = await runCli(['inspect', program]);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /rxplug\.plugin\.json says that the cookie is ACME, and not its value\. Give --cookie ACME=VALUE/,
  );
});

test('net/rpc: the only plugin of the manifest is the object that is looked at', () => {
  const plugins = { hooks: {} };
  assert.equal(profileOfManifest({ ...MANIFEST, protocols: ['netrpc'], plugins }, [])?.dispense, 'hooks');
  assert.equal(profileOfManifest({ ...MANIFEST, plugins: { ...plugins, api: {} } }, [])?.dispense, undefined);
});

for (const [what, manifest, message] of [
  ['that is wrong', { ...MANIFEST, version: '1' }, /rxplug\.plugin\.json: Expected `version` of the plugin manifest/],
  ['of a later format', { manifestVersion: 2 }, /rxplug\.plugin\.json: The plugin manifest has manifestVersion 2/],
  [
    'for other platforms',
    { ...MANIFEST, run: { 'sunos-x64': ['kv'] } },
    new RegExp(`has no \`run\` for ${process.platform}-${process.arch}\\. It has sunos-x64\\.`),
  ],
  ['that says no command', MANIFEST, /is a folder\. Give the plugin's program/],
] as const)
  test(`a manifest ${what} is told, with the exit code 2`, async () => {
    await writeJson('rxplug.plugin.json', manifest);
    const { code, stderr } = await runCli(['inspect', folder]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  });
