import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { ociSource } from '../../../../packages/store/src/sources/oci/oci-source.js';
import { pushRelease } from '../../../../packages/store/src/sources/oci/push-release.js';
import type { PluginSource, Release } from '../../../../packages/store/src/sources/source.js';
import { directorySource } from '../../../../packages/store/src/sources/static/static-source.js';
import { writeIndex } from '../../../../packages/store/src/sources/static/write-index.js';
import { PluginError } from '../../../../src/errors.js';
import { temporaryFolder, writeArchive } from '../plugin-archives.js';
import { needs, PROGRAMS, startCraneRegistry, startDockerRegistry } from './registries.js';

const PLATFORMS = ['any', 'darwin-arm64', 'linux-arm', 'linux-x64', 'linux-x64-musl', 'win32-ia32'];
const run = promisify(execFile);

async function published(t: TestContext, version = '1.4.2+build.7'): Promise<PluginSource> {
  const folder = temporaryFolder(t);
  for (const platform of PLATFORMS) await writeArchive(folder, version, platform);
  writeFileSync(join(folder, `kv_${version}_SHA256SUMS.minisig`), 'the signature');
  writeFileSync(join(folder, 'minisign.pub'), 'the key');
  const [, sums] = [await unsignedIndex(folder, version), `kv_${version}_SHA256SUMS`];
  assert.ok(existsSync(join(folder, sums)));
  return directorySource(`dir:${folder}`);
}

/** A list of digests that is there when the index is written again with its signature. */
async function unsignedIndex(folder: string, version: string): Promise<void> {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.tgz'))
    .sort();
  const lines = names.map(
    (name) =>
      `${createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex')}  ${name}\n`,
  );
  writeFileSync(join(folder, `kv_${version}_SHA256SUMS`), lines.join(''));
  await writeIndex(folder);
}

/** The release of a source is that of the other, byte for byte. */
async function isSame(given: PluginSource, expected: PluginSource, version = '1.4.2+build.7'): Promise<void> {
  const [one, other] = [await given.release(version), await expected.release(version)];
  assert.deepEqual(Object.keys(one.platforms).sort(), PLATFORMS);
  for (const [key, file] of Object.entries(one.platforms)) {
    const { digest, size, fileName } = other.platforms[key]!;
    assert.deepEqual({ digest: file.digest, size: file.size, fileName: file.fileName }, { digest, size, fileName });
    for (const offset of [0, 100]) {
      const bytes = async (source: PluginSource, of: typeof file) =>
        Buffer.concat(await (await source.open(of, { offset })).stream.toArray());
      assert.deepEqual(await bytes(given, file), await bytes(expected, other.platforms[key]!));
    }
  }
  const parsed = (manifest: unknown) => (typeof manifest === 'string' ? JSON.parse(manifest) : manifest) as unknown;
  assert.deepEqual(parsed(one.manifest), parsed(other.manifest));
  assert.equal(String(one.signed?.sums), String(other.signed?.sums));
  assert.equal(String(one.signed?.signature), 'the signature');
  assert.equal(String(one.signed?.publicKey), 'the key');
}

function digestsOf({ platforms }: Release): readonly string[] {
  return PLATFORMS.map((key) => `${key} ${platforms[key]?.digest}`);
}

function codeIs(code: string, message = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(PluginError.is(error), String((error as Error).stack));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}

for (const [name, program, start] of [
  ["Debian's docker-registry", 'dockerRegistry', startDockerRegistry],
  ["crane's registry", 'crane', startCraneRegistry],
] as const) {
  test(`what is pushed to ${name} is what is read from it`, needs(program), async (t) => {
    const { host } = await start(t);
    const source = await published(t);
    const address = `oci://${host}/acme/kv`;
    const pushed = await pushRelease(source, '1.4.2+build.7', address);
    assert.equal(pushed.tag, '1.4.2_build.7');
    const registry = ociSource(address);
    assert.deepEqual(await registry.list(), ['1.4.2+build.7']);
    await isSame(registry, source);
    assert.deepEqual(await pushRelease(source, '1.4.2+build.7', address), pushed, 'the same once more is nothing new');
    await assert.rejects(registry.release('1.5.0'), codeIs('ERR_NOT_FOUND', /404 \(MANIFEST_UNKNOWN\)/));
    await assert.rejects(ociSource(`oci://${host}/acme/none`).list(), codeIs('ERR_NOT_FOUND', /NAME_UNKNOWN/));
  });

  test(`${name}: a version that is there is not replaced, unless it is asked for`, needs(program), async (t) => {
    const { host } = await start(t);
    const address = `oci://${host}/acme/kv`;
    await pushRelease(await published(t, '1.0.0'), '1.0.0', address);
    const other = temporaryFolder(t);
    await writeArchive(other, '1.0.0', 'any');
    await writeIndex(other);
    const another = directorySource(`dir:${other}`);
    await assert.rejects(pushRelease(another, '1.0.0', address), codeIs('ERR_SOURCE', /has another 1.0.0 already/));
    await pushRelease(another, '1.0.0', address, { overwrite: true });
    const release = await ociSource(address).release('1.0.0');
    assert.deepEqual(Object.keys(release.platforms), ['any']);
    assert.equal(release.signed, undefined, 'the signature was of the other index');
  });

  test(`${name}: archives go in pieces, and from another repository`, needs(program), async (t) => {
    const { host } = await start(t);
    const source = await published(t);
    await pushRelease(source, '1.4.2+build.7', `oci://${host}/acme/kv-test`, { chunkBytes: 100 });
    await isSame(ociSource(`oci://${host}/acme/kv-test`), source);
    const tested = ociSource(`oci://${host}/acme/kv-test`);
    await pushRelease(tested, '1.4.2+build.7', `oci://${host}/acme/kv`, { mountFrom: 'acme/kv-test' });
    await isSame(ociSource(`oci://${host}/acme/kv`), source);
  });

  test(`${name}: oras reads what is pushed, and copies it`, needs(program, 'oras'), async (t) => {
    const { host } = await start(t);
    const source = await published(t);
    await pushRelease(source, '1.4.2+build.7', `oci://${host}/acme/kv`);
    const folder = temporaryFolder(t);
    const oras = (...args: string[]) => run(PROGRAMS.oras!, args, { cwd: folder, timeout: 60_000 });
    const tag = 'acme/kv:1.4.2_build.7';
    await oras('pull', '--plain-http', '--platform', 'linux/amd64', `${host}/${tag}`);
    const file = (await source.release('1.4.2+build.7')).platforms['linux-x64']!;
    assert.equal(
      `sha256:${createHash('sha256')
        .update(readFileSync(join(folder, file.fileName)))
        .digest('hex')}`,
      file.digest,
    );
    await oras('copy', '--recursive', '--from-plain-http', '--to-oci-layout', `${host}/${tag}`, 'layout:1');
    await oras(
      'copy',
      '--recursive',
      '--from-oci-layout',
      '--to-plain-http',
      'layout:1',
      `${host}/other/kv:1.4.2_build.7`,
    );
    await isSame(ociSource(`oci://${host}/other/kv`), source);
  });

  test(`${name}: skopeo copies it to a layout and back, all platforms`, needs(program, 'skopeo'), async (t) => {
    const { host } = await start(t);
    const source = await published(t);
    await pushRelease(source, '1.4.2+build.7', `oci://${host}/acme/kv`);
    const folder = temporaryFolder(t);
    const skopeo = (...args: string[]) =>
      run('skopeo', ['--insecure-policy', 'copy', '--all', ...args], { timeout: 60_000 });
    await skopeo('--src-tls-verify=false', `docker://${host}/acme/kv:1.4.2_build.7`, `oci:${folder}/layout:1`);
    await skopeo('--dest-tls-verify=false', `oci:${folder}/layout:1`, `docker://${host}/other/kv:1.4.2_build.7`);
    const release = await ociSource(`oci://${host}/other/kv`).release('1.4.2+build.7');
    assert.deepEqual(digestsOf(release), digestsOf(await source.release('1.4.2+build.7')));
  });
}

test('all pages of a list of tags are read', needs('dockerRegistry'), async (t) => {
  const { host } = await startDockerRegistry(t);
  const address = `oci://${host}/acme/kv`;
  const folder = temporaryFolder(t);
  await writeArchive(folder, '1.0.0', 'any');
  await writeIndex(folder);
  const source = directorySource(`dir:${folder}`);
  await pushRelease(source, '1.0.0', address);
  const asked: string[] = [];
  // Debian's registry gives all tags at once: these are the pages that newer ones make of the list.
  const registry = ociSource(address, {
    fetch: async (url, init) => {
      const { pathname, search, searchParams } = new URL(url as string | URL);
      asked.push(search);
      const { tags } = (await (await fetch(url, init)).json()) as { readonly tags: readonly string[] };
      const sorted = tags.toSorted();
      const from = sorted.indexOf(searchParams.get('last') ?? '') + 1;
      const page = sorted.slice(from, from + 10);
      const link = { link: `<${pathname}?n=10&last=${page.at(-1)}>; rel="next"` };
      return Response.json({ tags: page }, { headers: from + 10 < sorted.length ? link : {} });
    },
  });
  const manifest = execFileSync('curl', [
    '-sf',
    '-H',
    'Accept: application/vnd.oci.image.index.v1+json',
    `http://${host}/v2/acme/kv/manifests/1.0.0`,
  ]);
  for (let patch = 1; patch <= 24; patch++)
    await fetch(`http://${host}/v2/acme/kv/manifests/1.0.${patch}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/vnd.oci.image.index.v1+json' },
      body: manifest,
    });
  assert.equal(new Set(await registry.list()).size, 25);
  assert.deepEqual(asked, ['', '?n=10&last=1.0.17', '?n=10&last=1.0.4']);
});

test('a large archive that a registry has already is not sent again', needs('dockerRegistry'), async (t) => {
  const { host } = await startDockerRegistry(t);
  const folder = temporaryFolder(t);
  await writeArchive(folder, '1.0.0', 'any', { data: randomBytes(400_000) });
  await writeIndex(folder);
  const source = directorySource(`dir:${folder}`);
  const push = async () => {
    const sent: string[] = [];
    const http: typeof fetch = async (url, init) => {
      sent.push(init?.method ?? 'GET');
      return fetch(url, init);
    };
    await pushRelease(source, '1.0.0', `oci://${host}/acme/kv`, { fetch: http });
    return sent.filter((method) => method === 'POST').length;
  };
  assert.deepEqual([await push(), await push()], [2, 0], 'of the manifest and the archive');
});

test('pieces are as large as a registry wants them at least', needs('dockerRegistry'), async (t) => {
  const { host } = await startDockerRegistry(t);
  const folder = temporaryFolder(t);
  await writeArchive(folder, '1.0.0', 'any', { data: randomBytes(10_000) });
  await writeIndex(folder);
  const source = directorySource(`dir:${folder}`);
  const sizes: number[] = [];
  const http: typeof fetch = async (url, init) => {
    if (init?.method === 'PATCH') sizes.push(Number(new Headers(init.headers).get('content-length')));
    const answer = await fetch(url, init);
    if (init?.method !== 'POST') return answer;
    const headers = new Headers(answer.headers);
    headers.set('oci-chunk-min-length', '4096');
    return new Response(answer.body, { status: answer.status, headers });
  };
  await pushRelease(source, '1.0.0', `oci://${host}/acme/kv`, { fetch: http, chunkBytes: 100 });
  assert.ok(sizes.filter((size) => size === 4096).length >= 2, String(sizes));
  assert.ok(sizes.every((size) => size <= 4096));
  const { platforms } = await ociSource(`oci://${host}/acme/kv`).release('1.0.0');
  assert.equal(platforms['any']?.digest, (await source.release('1.0.0')).platforms['any']?.digest);
});
