import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { ociSource } from '../../../../packages/store/src/sources/oci/oci-source.js';
import type { PluginSource } from '../../../../packages/store/src/sources/source.js';
import { PluginError } from '../../../../src/errors.js';
import { serveHttp, type TestServer } from '../servers.js';

const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const PLUGIN = 'application/vnd.rxplug.plugin.v1';

/** An answer: its body, or all of it. */
type Answer = Buffer | string | ((request: IncomingMessage, response: ServerResponse) => unknown);

function digestOf(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function descriptor(mediaType: string, bytes: Buffer, more: object = {}): object {
  return { mediaType, digest: digestOf(bytes), size: bytes.length, ...more };
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

const ARCHIVE = Buffer.from('an archive');
const CONFIG = json({ manifestVersion: 1, name: 'acme/kv', version: '1.0.0' });
const PART = json({
  schemaVersion: 2,
  mediaType: MANIFEST,
  config: descriptor(`application/vnd.rxplug.plugin.config.v1+json`, CONFIG),
  layers: [descriptor(`${PLUGIN}.tar+gzip`, ARCHIVE)],
});
const TOP = json({ schemaVersion: 2, mediaType: INDEX, artifactType: PLUGIN, manifests: [descriptor(MANIFEST, PART)] });

/** A registry that tells the truth, but for some answers. */
async function registry(
  t: TestContext,
  lies: Readonly<Record<string, Answer>>,
  stallTimeoutMs = 30_000,
): Promise<{ source: PluginSource; server: TestServer }> {
  const answers: Readonly<Record<string, Answer>> = {
    'manifests/1.0.0': TOP,
    [`manifests/${digestOf(PART)}`]: PART,
    [`blobs/${digestOf(CONFIG)}`]: CONFIG,
    [`blobs/${digestOf(ARCHIVE)}`]: ARCHIVE,
    ...lies,
  };
  const server = await serveHttp(t, (request, response) => {
    const answer = answers[request.url!.replace('/v2/acme/kv/', '')];
    if (answer === undefined) response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
    else if (typeof answer === 'function') answer(request, response);
    else response.end(answer);
  });
  const source = ociSource(`oci://localhost:${server.port}/acme/kv`, {
    env: {},
    retryMs: 1,
    attempts: 2,
    stallTimeoutMs,
  });
  return { source, server };
}

async function fetchAll(source: PluginSource): Promise<Buffer> {
  const { platforms } = await source.release('1.0.0');
  const { stream } = await source.open(platforms['any']!);
  return Buffer.concat(await stream.toArray());
}

test('a registry that tells the truth is read', async (t) => {
  const { source } = await registry(t, {});
  assert.deepEqual(await fetchAll(source), ARCHIVE);
});

const endless = (_: unknown, response: ServerResponse): void => {
  const more = (): void => {
    while (response.write('x'.repeat(10_000)));
    response.once('drain', more);
  };
  more();
};

const LIES: readonly (readonly [
  what: string,
  lies: Readonly<Record<string, Answer>>,
  code: string,
  message: RegExp,
])[] = [
  [
    'a changed manifest',
    { [`manifests/${digestOf(PART)}`]: json({ mediaType: MANIFEST, layers: [] }) },
    'ERR_DIGEST',
    /was changed, or damaged/,
  ],
  [
    'an index with another digest than it says',
    {
      'manifests/1.0.0': (_, response) =>
        response.writeHead(200, { 'docker-content-digest': digestOf('other') }).end(TOP),
    },
    'ERR_DIGEST',
    /was expected/,
  ],
  [
    'a changed configuration',
    { [`blobs/${digestOf(CONFIG)}`]: Buffer.alloc(CONFIG.length) },
    'ERR_DIGEST',
    /A blob of/,
  ],
  [
    'a longer configuration',
    { [`blobs/${digestOf(CONFIG)}`]: Buffer.alloc(CONFIG.length + 1) },
    'ERR_SIZE',
    /larger than the/,
  ],
  [
    'an archive that is longer',
    { [`blobs/${digestOf(ARCHIVE)}`]: Buffer.alloc(100) },
    'ERR_SIZE',
    /has 100 bytes, and 10 were announced/,
  ],
  ['an archive without an end', { [`blobs/${digestOf(ARCHIVE)}`]: endless }, 'ERR_SIZE', /larger than the 10 bytes/],
  [
    'an archive that stalls',
    { [`blobs/${digestOf(ARCHIVE)}`]: (_, response) => response.write('an') },
    'ERR_SOURCE',
    /has stalled/,
  ],
  [
    'an archive that is cut off',
    { [`blobs/${digestOf(ARCHIVE)}`]: ({ socket }, response) => response.write('an', () => socket.destroy()) },
    'ERR_SOURCE',
    /was lost|ECONNRESET|aborted/,
  ],
  ['an index without an end', { 'manifests/1.0.0': endless }, 'ERR_SIZE', /larger than the 4194304 bytes/],
  ['an index that is no JSON', { 'manifests/1.0.0': '<html>' }, 'ERR_SOURCE', /is no JSON/],
  ['a list in place of an index', { 'manifests/1.0.0': '[]' }, 'ERR_SOURCE', /to be an object, got an array/],
  [
    'an old manifest',
    { 'manifests/1.0.0': json({ schemaVersion: 1 }) },
    'ERR_SOURCE',
    /Expected an OCI or Docker manifest/,
  ],
  [
    'a container image',
    {
      'manifests/1.0.0': json({
        mediaType: MANIFEST,
        config: descriptor('application/vnd.oci.image.config.v1+json', CONFIG),
        layers: [],
      }),
    },
    'ERR_SOURCE',
    /no plugin of rxplug.*#\/bin\/kv/,
  ],
  [
    'another artifact',
    { 'manifests/1.0.0': json({ mediaType: INDEX, artifactType: 'helm', manifests: [] }) },
    'ERR_SOURCE',
    /no plugin of rxplug but "helm"/,
  ],
  [
    'an index of nothing',
    { 'manifests/1.0.0': json({ mediaType: INDEX, artifactType: PLUGIN, manifests: [] }) },
    'ERR_SOURCE',
    /has no platforms/,
  ],
  [
    'a digest of another kind',
    {
      'manifests/1.0.0': json({
        mediaType: INDEX,
        artifactType: PLUGIN,
        manifests: [{ mediaType: MANIFEST, digest: '../../x', size: 1 }],
      }),
    },
    'ERR_SOURCE',
    /`digest` of `manifests` of .*\[0\] to be `sha256:`/,
  ],
  [
    'a server that fails',
    { 'manifests/1.0.0': (_, response) => response.writeHead(500).end('secret') },
    'ERR_SOURCE',
    /answered 500. Try again later. It was tried 2 times/,
  ],
];

for (const [what, lies, code, message] of LIES) {
  test(`a registry with ${what} is not believed`, async (t) => {
    // The others must not be taken for stalled on a busy machine.
    const { source } = await registry(t, lies, what.includes('stalls') ? 100 : undefined);
    await assert.rejects(fetchAll(source), (error) => {
      assert.ok(PluginError.is(error), String((error as Error).stack));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      return true;
    });
  });
}

test('blobs are fetched from where a registry sends, without its token', async (t) => {
  const storage = await serveHttp(t, (_, response) => response.end(ARCHIVE));
  const token = await serveHttp(t, (_, response) => response.end('{"token":"mine"}'));
  const { source, server } = await registry(t, {
    [`blobs/${digestOf(ARCHIVE)}`]: ({ headers }, response) => {
      if (headers.authorization === undefined)
        response.writeHead(401, { 'www-authenticate': `Bearer realm="${token.origin}",service="x"` }).end();
      else response.writeHead(307, { location: `${storage.origin}/signed?X-Amz-Signature=secret` }).end();
    },
  });
  assert.deepEqual(await fetchAll(source), ARCHIVE);
  assert.ok(server.requests.at(-1)?.endsWith('Bearer mine'));
  assert.deepEqual(storage.requests, ['GET /signed?X-Amz-Signature=secret']);
});

test('pages of tags are followed in the registry, to an end', async (t) => {
  const page =
    (tags: readonly string[], link?: string): Answer =>
    (_, response) =>
      response
        .writeHead(200, link === undefined ? {} : { link: `<${link}>; rel="next"` })
        .end(JSON.stringify({ tags }));
  const { source } = await registry(t, {
    'tags/list': page(['1.0.0', 'latest', 'sha256-00'], '/v2/acme/kv/tags/list?last=1'),
    'tags/list?last=1': page(['2.0.0-rc.1', '../x', '1.0.0_b'], 'tags/list?last=2'),
    'tags/tags/list?last=2': page(['3.0.0']),
  });
  assert.deepEqual(await source.list(), ['1.0.0', '2.0.0-rc.1', '1.0.0+b', '3.0.0']);
  for (const next of ['/v2/acme/kv/tags/list', 'http://127.0.0.1:1/v2/acme/kv/tags/list']) {
    const lying = await registry(t, { 'tags/list': page(['1.0.0'], next) });
    await assert.rejects(lying.source.list(), /does not end, or leads to another server/);
    assert.ok(lying.server.requests.length <= 201);
  }
});
