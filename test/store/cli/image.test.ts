/** `rxplug plugin add oci://… --binary NAME`, with a real registry, and an image that a real client has pushed. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { create } from 'tar';
import { needs, startDockerRegistry } from '../sources/oci/registries.js';
import { failure, good, json, newPlace, STORE } from './published.js';

const HERE = `${process.platform}-${process.arch}`;
const OTHER = HERE === 'linux-arm64' ? 'linux-x64' : 'linux-arm64';
const ARCH: Readonly<Record<string, string>> = { 'linux-x64': 'amd64', 'linux-arm64': 'arm64' };
const PACKING = { tar: (bytes: Buffer) => bytes, 'tar+gzip': (bytes: Buffer) => zlib.gzipSync(bytes) };

type Layer = readonly [packing: string, files: Readonly<Record<string, string>>];

/** A folder as skopeo reads it, `oci:FOLDER`. */
function layout(folder: string) {
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const blob = (type: string, content: Buffer | object) => {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(folder, 'blobs/sha256', hex), bytes);
    return { mediaType: `application/vnd.oci.image.${type}`, digest: `sha256:${hex}`, size: bytes.length };
  };
  const layer = ([packing, files]: Layer) => {
    const at = newPlace();
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(at, name)), { recursive: true });
      writeFileSync(join(at, name), content, { mode: 0o755 });
    }
    const file = join(newPlace(), 'layer.tar');
    create({ file, cwd: at, sync: true, portable: true }, Object.keys(files));
    const bytes = readFileSync(file);
    const packed = (PACKING as Record<string, (from: Buffer) => Buffer>)[packing]?.(bytes) ?? zstd(bytes);
    const diff = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    return { diff, descriptor: blob(`layer.v1.${packing}`, packed) };
  };
  const image = (architecture: string, layers: readonly Layer[]) => {
    const made = layers.map(layer);
    const rootfs = { type: 'layers', diff_ids: made.map(({ diff }) => diff) };
    return {
      ...blob('manifest.v1+json', {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: blob('config.v1+json', { os: 'linux', architecture, rootfs, config: {} }),
        layers: made.map(({ descriptor }) => descriptor),
      }),
      platform: { os: 'linux', architecture },
    };
  };
  const write = (manifests: readonly object[]) => {
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const top = blob('index.v1+json', { schemaVersion: 2, mediaType, manifests });
    writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [top] }));
  };
  return { image, write };
}

/** Where this Node cannot pack it, nobody will unpack it either. */
function zstd(bytes: Buffer): Buffer {
  const { zstdCompressSync }: typeof zlib & { readonly zstdCompressSync?: (of: Buffer) => Buffer } = zlib;
  return zstdCompressSync?.(bytes) ?? Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
}

const hasZstd = 'createZstdDecompress' in zlib;

async function pushed(host: string, tag: string, layersOf: (platform: string) => readonly Layer[]): Promise<void> {
  const folder = newPlace();
  const { image, write } = layout(folder);
  write([HERE, OTHER].map((platform) => image(ARCH[platform] ?? process.arch, layersOf(platform))));
  const args = ['--insecure-policy', 'copy', '--all', '--preserve-digests', '--dest-tls-verify=false'];
  await promisify(execFile)('skopeo', [...args, `oci:${folder}`, `docker://${host}/acme/kv:${tag}`], {
    timeout: 60_000,
  });
}

const script = (what: string) => `#!/bin/sh\necho ${what}\n`;

test(
  'a program is added out of an image of several platforms and layers',
  needs('dockerRegistry', 'skopeo'),
  async (t) => {
    const { host } = await startDockerRegistry(t);
    await pushed(host, 'v1.2.3', (platform) => [
      ['tar+gzip', { 'etc/passwd': 'x', 'usr/bin/kv': script('old'), 'opt/kv': script('elsewhere') }],
      ['tar', { 'opt/.wh.kv': '' }],
      ['tar+gzip', { 'usr/bin/kv': script(platform), 'usr/bin/other': 'x' }],
      ['tar+gzip', { 'var/log/last': 'x' }],
    ]);
    const cwd = newPlace();
    const address = `oci://${host}/acme/kv`;
    const add = ['add', address, '--binary', 'kv', '--name', 'acme/kv', '--allow-unsigned', ...STORE];
    const { stdout } = await good(cwd, [...add, '--platform', HERE, '--platform', OTHER]);
    assert.equal(stdout, `kv is acme/kv 1.2.3, for ${[HERE, OTHER].sort().join(', ')}\nIt is not signed.\n`);

    rmSync(join(cwd, 'store'), { recursive: true });
    const platforms = ['--platform', HERE, '--platform', OTHER];
    const run = ['--allow-unsigned', ...STORE];
    const installed = await json<{ folder: string }[]>(cwd, ['install', ...platforms, ...run]);
    const programs = installed.map(({ folder }) => readFileSync(join(folder, 'kv'), 'utf8'));
    assert.deepEqual(programs, [script(HERE), script(OTHER)]);
    assert.equal((await good(cwd, ['verify', ...run])).stdout, 'kv 1.2.3: good\n');

    await good(cwd, ['mirror', 'mirror', ...run]);
    const offline = newPlace();
    cpSync(join(cwd, 'rxplug.lock'), join(offline, 'rxplug.lock'));
    const mirror = ['--mirror', `dir://${cwd}/mirror`];
    const again = await json<{ folder: string }[]>(offline, ['install', ...mirror, ...platforms, ...run]);
    assert.deepEqual(
      again.map(({ folder }) => readFileSync(join(folder, 'kv'), 'utf8')),
      programs,
    );

    await pushed(host, 'v1.3.0', (platform) => [['tar+gzip', { 'bin/kv': script(`${platform} 1.3.0`) }]]);
    assert.equal((await good(cwd, ['update', ...run])).stdout, 'kv 1.2.3 → 1.3.0\n');
    const [listed] = await json<[{ platforms: object }]>(cwd, ['list', ...run]);
    assert.deepEqual(Object.keys(listed.platforms).sort(), [HERE, OTHER].sort(), 'those that were there before');
  },
);

test('layers in zstd are unpacked where Node can', needs('dockerRegistry', 'skopeo'), async (t) => {
  const { host } = await startDockerRegistry(t);
  await pushed(host, '1.0.0', (platform) => [['tar+zstd', { 'bin/kv': script(platform) }]]);
  const cwd = newPlace();
  const add = [
    'add',
    `oci://${host}/acme/kv`,
    '--binary',
    '/bin/kv',
    '--name',
    'acme/kv',
    '--allow-unsigned',
    ...STORE,
  ];
  if (hasZstd) {
    await good(cwd, add);
    const [{ folder }] = await json<[{ folder: string }]>(cwd, ['list', ...STORE]);
    assert.equal(readFileSync(join(folder, 'kv'), 'utf8'), script(HERE));
  } else assert.match(await failure(3, cwd, add), /is packed by zstd, which Node can unpack from 22\.15 on/);
});

test('what is no image and no program of one is told', needs('dockerRegistry', 'skopeo'), async (t) => {
  const { host } = await startDockerRegistry(t);
  await pushed(host, '1.0.0', () => [['tar+gzip', { 'a/kv': 'x', 'b/kv': 'x' }]]);
  const cwd = newPlace();
  const address = `oci://${host}/acme/kv`;
  const add = (binary: string, ...more: string[]) => ['add', address, '--binary', binary, ...more, ...STORE];
  const named = ['--name', 'acme/kv'];
  assert.match(await failure(1, cwd, add('kv', ...named)), /several files of this name: \/a\/kv, \/b\/kv/);
  assert.match(await failure(1, cwd, add('none', ...named)), /no file "none"/);
  assert.match(await failure(1, cwd, add('a/kv', ...named)), /ERR_UNSIGNED: .*--allow-unsigned/);
  assert.match(await failure(2, cwd, add('a/kv', '--allow-unsigned')), /Give it: --name NAME\./);
  assert.match(await failure(2, cwd, add('bin/my kv', ...named)), /to be the name or the path of a file in the image/);
  const platform = ['--platform', 'darwin-arm64', '--allow-unsigned'];
  assert.match(await failure(1, cwd, add('a/kv', ...named, ...platform)), /ERR_PLATFORM: .*not for darwin-arm64/);
  assert.match(await failure(2, cwd, ['add', `${address}#a/kv`, '--binary', 'kv', ...STORE]), /--binary is for/);
  assert.match(await failure(2, cwd, ['add', 'dir:///srv', '--binary', 'kv', ...STORE]), /--binary is for/);
  assert.match(await failure(3, cwd, ['add', address, ...STORE]), /A program is taken out of a container image when/);
});
