import assert from 'node:assert/strict';
import { execFileSync, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { PluginSource, Release } from '../../../../packages/store/src/sources/source.js';
import { directorySource, webSource } from '../../../../packages/store/src/sources/static/static-source.js';
import { writeIndex } from '../../../../packages/store/src/sources/static/write-index.js';
import { PluginError } from '../../../../src/errors.js';
import { temporaryFolder, writeArchive } from '../plugin-archives.js';
import { ownAuthority, serveHttp } from '../servers.js';

const certificates = ownAuthority();

async function published(t: TestContext): Promise<string> {
  const folder = temporaryFolder(t);
  for (const version of ['1.4.1', '1.4.2'])
    for (const platform of ['linux-x64', 'darwin-arm64']) await writeArchive(folder, version, platform);
  await writeIndex(folder);
  return folder;
}

async function serveFolder(t: TestContext, folder: string, tls = certificates) {
  const handler = ({ url }: IncomingMessage, response: ServerResponse) => {
    const path = join(folder, decodeURIComponent(url!.replace(/^\/acme\/kv\//, '')));
    if (existsSync(path)) createReadStream(path).pipe(response);
    else response.writeHead(404).end();
  };
  return serveHttp(t, handler, tls);
}

async function digestOf(source: PluginSource, file: Release['platforms'][string], offset = 0): Promise<string> {
  const { stream } = await source.open(file, { offset });
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk as Buffer);
  return `sha256:${hash.digest('hex')}`;
}

async function isWhole(source: PluginSource): Promise<void> {
  assert.deepEqual([...(await source.list())].sort(), ['1.4.1', '1.4.2']);
  const release = await source.release('1.4.2');
  assert.deepEqual(Object.keys(release.platforms).sort(), ['darwin-arm64', 'linux-x64']);
  assert.equal((release.manifest as { name: string }).name, 'acme/kv');
  for (const file of Object.values(release.platforms)) assert.equal(await digestOf(source, file), file.digest);
  assert.equal(release.platforms['linux-x64']!.fileName, 'kv_1.4.2_linux-x64.tgz');
  await assert.rejects(source.release('1.5.0'), codeIs('ERR_NOT_FOUND'));
}

function codeIs(code: string, message = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(PluginError.is(error), String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}

test('a folder with an index is a source', async (t) => isWhole(directorySource(`dir:${await published(t)}`)));

test('the same folder on a web server is one, over TLS', { skip: certificates === undefined }, async (t) => {
  const folder = await published(t);
  const server = await serveFolder(t, folder);
  await isWhole(webSource(`${server.origin}/acme/kv`, { ca: certificates!.ca }));
  await isWhole(
    webSource(`${server.origin}/acme/kv/index.json`, { ca: certificates!.ca, authorization: 'Bearer mine' }),
  );
  assert.ok(server.requests.at(-1)!.endsWith('Bearer mine'));
});

test('sha256sum takes the list of digests, and a signature of it is offered with the key', async (t) => {
  const folder = await published(t);
  execFileSync('sha256sum', ['-c', 'kv_1.4.2_SHA256SUMS'], { cwd: folder, stdio: 'ignore' });
  assert.equal((await directorySource(`dir://${folder}`).release('1.4.2')).signed, undefined);
  writeFileSync(join(folder, 'kv_1.4.2_SHA256SUMS.minisig'), 'the signature');
  writeFileSync(join(folder, 'minisign.pub'), 'the key');
  const written = await writeIndex(folder);
  assert.deepEqual(
    written.map(({ name, version, isSigned }) => [name, version, isSigned]),
    [
      ['acme/kv', '1.4.1', false],
      ['acme/kv', '1.4.2', true],
    ],
  );
  const { signed } = await directorySource(`dir://${folder}`).release('1.4.2');
  assert.deepEqual(signed?.sums, readFileSync(join(folder, 'kv_1.4.2_SHA256SUMS')));
  assert.equal(String(signed?.signature), 'the signature');
  assert.equal(String(signed?.publicKey), 'the key');
});

test('a signed list that is not of the archives is not written over', async (t) => {
  const folder = await published(t);
  writeFileSync(join(folder, 'kv_1.4.2_SHA256SUMS.minisig'), 'the signature');
  await writeArchive(folder, '1.4.2', 'win32-x64');
  await assert.rejects(writeIndex(folder), codeIs('ERR_DIGEST', /is signed, and is not the list/));
});

test('an index names earlier versions by where they are: the assets of releases', async (t) => {
  const folder = temporaryFolder(t);
  const baseUrl = (version: string) => `https://github.example/acme/kv/releases/download/v${version}`;
  await writeArchive(folder, '1.4.1', 'any');
  await writeIndex(folder, { baseUrl });
  const later = temporaryFolder(t);
  writeFileSync(join(later, 'index.json'), readFileSync(join(folder, 'index.json')));
  await writeArchive(later, '1.4.2', 'any');
  await writeIndex(later, { baseUrl });
  assert.deepEqual(JSON.parse(readFileSync(join(later, 'index.json'), 'utf8')), {
    versions: {
      '1.4.2': { url: `${baseUrl('1.4.2')}/1.4.2.json` },
      '1.4.1': { url: `${baseUrl('1.4.1')}/1.4.1.json` },
    },
  });
  assert.deepEqual(readdirSync(later).sort(), ['1.4.2.json', 'index.json', 'kv_1.4.2_SHA256SUMS', 'kv_1.4.2_any.tgz']);
});

test('a folder of no plugin, of two, or of a wrong version has no index', async (t) => {
  const folder = temporaryFolder(t);
  await assert.rejects(writeIndex(folder), codeIs('ERR_OPTIONS', /has no archives/));
  renameSync(join(folder, await writeArchive(folder, '1.0.0', 'any')), join(folder, 'kv_2.0.0_any.tgz'));
  await assert.rejects(writeIndex(folder), codeIs('ERR_OPTIONS', /has the manifest of version 1.0.0/));
  await writeArchive(folder, '1.0.0', 'any', { name: 'acme/other' });
  await assert.rejects(writeIndex(folder), codeIs('ERR_OPTIONS', /several plugins, kv, other/));
});

const LIES: readonly (readonly [what: string, index: unknown, release: unknown, message: RegExp])[] = [
  ['no object', [], {}, /index of .* to be an object, got an array/],
  ['versions that are a text', { versions: 'all' }, {}, /`versions` of .* to be an object/],
  ['a path outside', { versions: { '1.0.0': { url: '../other/1.0.0.json' } } }, {}, /expected a file below it/],
  ['a hidden path outside', { versions: { '1.0.0': { url: '%2e%2e/1.0.0.json' } } }, {}, /expected a file below it/],
  ['another server', { versions: { '1.0.0': { url: 'https://evil.example/x' } } }, {}, /expected a file below it/],
  ['no platforms', { versions: { '1.0.0': {} } }, {}, /`platforms` of .* to be an object/],
  [
    'a platform that is none',
    { versions: { '1.0.0': {} } },
    { platforms: { '../x': {} } },
    /a platform such as linux-x64/,
  ],
  [
    'a digest that is none',
    { versions: { '1.0.0': {} } },
    { platforms: { any: { digest: 'md5:0' } } },
    /`digest` of platform any/,
  ],
  [
    'a negative size',
    { versions: { '1.0.0': {} } },
    { platforms: { any: { digest: `sha256:${'0'.repeat(64)}`, url: 'x', size: -1 } } },
    /`size` of platform any .* a number of bytes/,
  ],
  [
    'a name that is a path',
    { versions: { '1.0.0': {} } },
    { platforms: { any: { digest: `sha256:${'0'.repeat(64)}`, url: 'x', size: 1, fileName: 'a/b' } } },
    /`fileName` of platform any/,
  ],
];

for (const [what, index, release, message] of LIES) {
  test(`an index with ${what} is refused`, async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, 'index.json'), JSON.stringify(index));
    writeFileSync(join(folder, '1.0.0.json'), JSON.stringify(release));
    await assert.rejects(directorySource(`dir:${folder}`).release('1.0.0'), codeIs('ERR_SOURCE', message));
  });
}

test('twelve programs that add versions to one index at once add them all', async (t) => {
  const folder = temporaryFolder(t);
  const versions = Array.from({ length: 12 }, (_, minor) => `1.${minor}.0`);
  const program = fileURLToPath(new URL('add-version.js', import.meta.url));
  const exits = await Promise.all(versions.map((version) => once(fork(program, [folder, version]), 'exit')));
  assert.deepEqual(
    exits,
    versions.map(() => [0, null]),
  );
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as { readonly versions: object };
  assert.deepEqual(Object.keys(index.versions), versions.toReversed());
  assert.deepEqual(readdirSync(folder).sort(), [...versions.map((version) => `${version}.json`), 'index.json'].sort());
});

test('names of objects are no versions', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'index.json'), '{"versions":{"__proto__":{},"constructor":{},"latest":{},"1.0.0":{}}}');
  assert.deepEqual(await directorySource(`dir:${folder}`).list(), ['1.0.0']);
  await assert.rejects(directorySource(`dir:${folder}`).release('toString'), codeIs('ERR_NOT_FOUND'));
});

test('an index leads to another server by a whole address, which gets no credentials, and never by half of one', async (t) => {
  const folder = await published(t);
  const other = await serveHttp(t, ({ url }, response) => {
    const path = join(folder, url!.slice(1));
    if (existsSync(path)) createReadStream(path).pipe(response);
    else response.writeHead(404).end();
  });
  let url = `${other.origin}/1.4.2.json`;
  const server = await serveHttp(t, (_, response) => response.end(JSON.stringify({ versions: { '1.4.2': { url } } })));
  const source = webSource(server.origin, { authorization: 'Bearer mine', env: {} });
  const { platforms } = await source.release('1.4.2');
  assert.equal(await digestOf(source, platforms['linux-x64']!), platforms['linux-x64']!.digest);
  assert.deepEqual(server.requests, ['GET /index.json Bearer mine']);
  assert.ok(other.requests.length === 2 && other.requests.every((request) => !request.includes('Bearer')));
  url = `//localhost:${other.port}/1.4.2.json`;
  await assert.rejects(source.release('1.4.2'), codeIs('ERR_SOURCE', /relative to it, or one that begins with https/));
});

test('a file that is longer than announced is seen by the reader, and one that is gone is an error', async (t) => {
  const folder = await published(t);
  const source = directorySource(`dir:${folder}`);
  const file = (await source.release('1.4.2')).platforms['linux-x64']!;
  writeFileSync(join(folder, file.fileName), Buffer.alloc(file.size + 100));
  const { stream } = await source.open(file, { offset: 10 });
  assert.equal(Buffer.concat(await stream.toArray()).length, file.size + 1 - 10);
  await assert.rejects(source.open({ ...file, location: 'gone.tgz' }), codeIs('ERR_NOT_FOUND'));
});

test('a folder is addressed by its path, or as in a URL', async (t) => {
  const folder = join(temporaryFolder(t), 'a folder, 100%');
  mkdirSync(folder);
  await writeArchive(folder, '1.0.0', 'any');
  await writeIndex(folder);
  const url = pathToFileURL(folder).href.replace('file:', 'dir:');
  for (const address of [url, `dir:${folder}`]) assert.deepEqual(await directorySource(address).list(), ['1.0.0']);
  for (const address of ['dir://host/share', 'dir:///%zz', 'dir:a'])
    assert.throws(() => directorySource(address), codeIs('ERR_OPTIONS', /absolute path/));
});

test('addresses that are none are refused', async () => {
  assert.throws(() => directorySource('dir:plugins'), codeIs('ERR_OPTIONS', /absolute path/));
  assert.throws(() => webSource('http://plugins.example/acme/kv'), codeIs('ERR_SOURCE', /not encrypted/));
  assert.throws(() => webSource('https://name:password@plugins.example/'), codeIs('ERR_OPTIONS', /`authorization`/));
  assert.throws(
    () => webSource('https://plugins.example/', { insecur: true } as object),
    codeIs('ERR_OPTIONS', /no option `insecur`/),
  );
});
