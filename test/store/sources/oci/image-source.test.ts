import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { create } from 'tar';
import { type ImageSourceOptions, ociImageSource } from '../../../../packages/store/src/sources/oci/image-source.js';
import type { PluginSource } from '../../../../packages/store/src/sources/source.js';
import { PluginError } from '../../../../src/errors.js';
import { temporaryFolder } from '../plugin-archives.js';
import { needs, PROGRAMS, startCraneRegistry } from './registries.js';

/** The files of a layer: contents, or links. */
type Layer = Readonly<Record<string, string | Buffer | { readonly symbolic: string } | { readonly hard: string }>>;

const HERE = `${process.platform}-${process.arch}`;
const run = promisify(execFile);

async function crane(...args: string[]): Promise<void> {
  await run(PROGRAMS.crane!, args, { timeout: 60_000 });
}

function writeLayer(t: TestContext, layer: Layer): string {
  const folder = temporaryFolder(t);
  for (const [name, content] of Object.entries(layer)) {
    const path = join(folder, 'files', name);
    mkdirSync(dirname(path), { recursive: true });
    if (typeof content === 'string' || Buffer.isBuffer(content)) writeFileSync(path, content, { mode: 0o755 });
    else if ('symbolic' in content) symlinkSync(content.symbolic, path);
    else linkSync(join(folder, 'files', content.hard), path);
  }
  const file = join(folder, 'layer.tar');
  // At once: with hard links the other way sometimes fails.
  create({ file, cwd: join(folder, 'files'), sync: true }, Object.keys(layer));
  return file;
}

/** An image of these layers for this platform, in a registry. */
async function image(
  t: TestContext,
  layers: readonly Layer[],
  options: Partial<ImageSourceOptions> = {},
): Promise<PluginSource> {
  const { host } = await startCraneRegistry(t);
  const files = layers.map((layer) => writeLayer(t, layer));
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as 'x64'] ?? process.arch;
  await crane('append', '--insecure', '-f', files.join(','), '-t', `${host}/acme/app:v1.2.3`);
  await crane(
    'mutate',
    '--insecure',
    '--set-platform',
    `linux/${arch}`,
    `${host}/acme/app:v1.2.3`,
    '-t',
    `${host}/acme/app:v1.2.3`,
  );
  return ociImageSource(`oci://${host}/acme/app`, { binary: 'app', ...options });
}

async function program(source: PluginSource): Promise<string> {
  const { platforms } = await source.release('1.2.3');
  const file = platforms[HERE]!;
  assert.equal(file.program, 'app');
  const { offset, stream } = await source.open(file, { offset: 3 });
  assert.equal(offset, 0);
  const bytes = Buffer.concat(await stream.toArray());
  assert.equal(file.size, bytes.length);
  assert.equal(file.digest, `sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  return bytes.toString('latin1');
}

function codeIs(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(PluginError.is(error), String((error as Error).stack));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}

const FOUND: readonly (readonly [what: string, layers: readonly Layer[], binary: string, content: string])[] = [
  ['is taken by its name', [{ 'etc/passwd': 'x', 'usr/bin/app': 'it' }], 'app', 'it'],
  ['is taken by its path', [{ 'usr/bin/app': 'it', 'opt/app': 'another' }], '/usr/bin/app', 'it'],
  ['is that of the last layer', [{ app: 'old' }, { app: 'new' }, { other: 'x' }], 'app', 'new'],
  ['may be a hard link in its layer', [{ tool: 'it', app: { hard: 'tool' } }], 'app', 'it'],
  ['comes back after it was removed', [{ 'a/app': 'old' }, { 'a/.wh.app': '' }, { 'a/app': 'new' }], 'app', 'new'],
  [
    'is in the layer that empties its folder',
    [{ 'a/app': 'old' }, { 'a/.wh..wh..opq': '', 'a/app': 'new' }],
    'a/app',
    'new',
  ],
  [
    'is in another folder than the one that is removed',
    [{ 'a/app': 'gone', 'b/app': 'it' }, { '.wh.a': '' }],
    'app',
    'it',
  ],
];

for (const [what, layers, binary, content] of FOUND) {
  test(`a program ${what}`, needs('crane'), async (t) => {
    assert.equal(await program(await image(t, layers, { binary })), content);
  });
}

const REFUSED: readonly (readonly [what: string, layers: readonly Layer[], code: string, message: RegExp])[] = [
  ['is not there', [{ other: 'x' }], 'ERR_NOT_FOUND', /has no file "app"/],
  ['was removed', [{ 'a/app': 'old' }, { 'a/.wh.app': '' }], 'ERR_NOT_FOUND', /has no file "app"/],
  ['was removed with its folder', [{ 'a/b/app': 'old' }, { '.wh.a': '' }], 'ERR_NOT_FOUND', /has no file/],
  ['was in a folder that is emptied', [{ 'a/b/app': 'old' }, { 'a/.wh..wh..opq': '' }], 'ERR_NOT_FOUND', /has no file/],
  ['was in a folder that is a file now', [{ 'a/app': 'old' }, { a: 'file' }], 'ERR_NOT_FOUND', /has no file/],
  [
    'is a symbolic link',
    [{ app: { symbolic: '/bin/busybox' } }],
    'ERR_ARCHIVE',
    /\/app .* is no file but a symbolic link to \/bin\/busybox/,
  ],
  ['is there twice', [{ 'a/app': '1', 'b/app': '2' }], 'ERR_ARCHIVE', /several files of this name: \/a\/app, \/b\/app/],
];

for (const [what, layers, code, message] of REFUSED) {
  test(`a program that ${what} is refused`, needs('crane'), async (t) => {
    const source = await image(t, layers);
    await assert.rejects(source.release('1.2.3'), codeIs(code, message));
  });
}

test('a large program is read at the pace of its reader, and a reader may leave', needs('crane'), async (t) => {
  const content = randomBytes(3_000_000);
  const source = await image(t, [{ app: content, 'z/behind': randomBytes(3_000_000) }]);
  assert.ok(Buffer.from(await program(source), 'latin1').equals(content));
  const file = (await source.release('1.2.3')).platforms[HERE]!;
  const { stream } = await source.open(file);
  for await (const _ of stream) break;
  assert.ok(stream.destroyed);
});

test('each platform of an index is found by our own words for it', needs('crane'), async (t) => {
  const { host } = await startCraneRegistry(t);
  const all = ['linux/amd64', 'linux/arm64', 'linux/arm/v6', 'linux/arm/v7', 'linux/386', 'windows/amd64'];
  for (const [index, platform] of all.entries()) {
    const layer = writeLayer(t, { app: platform });
    await crane('append', '--insecure', '--oci-empty-base', '-f', layer, '-t', `${host}/acme/app:part${index}`);
    await crane(
      'mutate',
      '--insecure',
      '--set-platform',
      platform,
      `${host}/acme/app:part${index}`,
      '-t',
      `${host}/acme/app:part${index}`,
    );
  }
  const parts = all.flatMap((_, index) => ['-m', `${host}/acme/app:part${index}`]);
  await crane('index', 'append', '--insecure', ...parts, '-t', `${host}/acme/app:2.0.0`);
  const platforms = ['linux-x64', 'linux-arm64', 'linux-arm', 'linux-ia32', 'win32-x64'];
  const source = ociImageSource(`oci://${host}/acme/app`, { binary: 'app', platforms });
  assert.deepEqual(await source.list(), ['2.0.0']);
  const release = await source.release('2.0.0');
  const read = async (key: string) =>
    Buffer.concat(await (await source.open(release.platforms[key]!)).stream.toArray()).toString();
  assert.deepEqual(await Promise.all(platforms.map(read)), [
    'linux/amd64',
    'linux/arm64',
    'linux/arm/v7',
    'linux/386',
    'windows/amd64',
  ]);
  const none = ociImageSource(`oci://${host}/acme/app`, { binary: 'app', platforms: ['darwin-arm64'] });
  await assert.rejects(none.release('2.0.0'), codeIs('ERR_PLATFORM', /is for .*linux-x64.*, and not for darwin-arm64/));
});

test('options that are none are refused', () => {
  const make = (options: object) => () => ociImageSource('oci://localhost:1/a/b', options as ImageSourceOptions);
  assert.throws(make({}), codeIs('ERR_OPTIONS', /`binary` to be the name or the path/));
  assert.throws(make({ binary: 'bin/' }), codeIs('ERR_OPTIONS', /`binary`/));
  assert.throws(make({ binary: 'a', platform: 'x' }), codeIs('ERR_OPTIONS', /no option `platform` of ociImageSource/));
  assert.throws(
    () => ociImageSource('oci://localhost/A:1', { binary: 'a' }),
    codeIs('ERR_OPTIONS', /in lower case and without a tag/),
  );
});
