import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { StoreError } from '../../../../packages/store/src/errors.js';
import { createHttpClient, type HttpClient } from '../../../../packages/store/src/sources/http/client.js';
import { type HttpOptions, resolveHttp } from '../../../../packages/store/src/sources/http/options.js';
import { ownAuthority, serveHttp, serveProxy } from '../servers.js';

const certificates = ownAuthority();
const NEEDS_OPENSSL = { skip: certificates === undefined ? 'openssl is not installed.' : false } as const;

function client(options: HttpOptions = {}): HttpClient {
  return createHttpClient(resolveHttp({ env: {}, retryMs: 1, ...options }));
}

async function text(http: HttpClient, url: string, headers: Record<string, string> = {}): Promise<string> {
  return (await http.read({ url: new URL(url), headers }, 1000)).bytes.toString();
}

function failsWith(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}

for (const [how, options] of [
  ['of its own', {}],
  ['of fetch', { fetch: globalThis.fetch }],
] as const) {
  test(`requests ${how} follow redirects, and drop credentials at another origin`, async (t) => {
    const other = await serveHttp(t, (_, response) => response.end('there'));
    const server = await serveHttp(t, ({ url }, response) => {
      const location = url === '/a' ? '/b' : `${other.origin}/c`;
      response.writeHead(302, { location }).end();
    });
    assert.equal(await text(client(options), `${server.origin}/a`, { authorization: 'Bearer secret' }), 'there');
    assert.deepEqual(server.requests, ['GET /a Bearer secret', 'GET /b Bearer secret']);
    assert.deepEqual(other.requests, ['GET /c']);
  });

  test(`requests ${how} send a body once more with the next attempt`, async (t) => {
    const bodies: string[] = [];
    const server = await serveHttp(t, async (request, response) => {
      bodies.push(Buffer.concat(await request.toArray()).toString());
      response.writeHead(bodies.length < 3 ? 503 : 201).end();
    });
    const body = () => Readable.from([Buffer.from('all '), Buffer.from('of it')]);
    const { status } = await client(options).read({ url: new URL(server.origin), method: 'PUT', body }, 10);
    assert.equal(status, 201);
    assert.deepEqual(bodies, ['all of it', 'all of it', 'all of it']);
  });

  test(`requests ${how} end with their signal, also in the middle of a body`, async (t) => {
    const server = await serveHttp(t, (_, response) => void response.writeHead(200).write('begun'));
    const ending = new AbortController();
    const { body } = await client(options).send({ url: new URL(server.origin), signal: ending.signal });
    await once(body, 'data');
    const reason = new Error('enough');
    ending.abort(reason);
    await assert.rejects(body.toArray(), reason);
    await assert.rejects(client(options).send({ url: new URL(server.origin), signal: ending.signal }), reason);
  });
}

test('the answer to HEAD may tell of more bytes than are read', async (t) => {
  const server = await serveHttp(t, (_, response) => response.writeHead(200, { 'content-length': 5_000_000 }).end());
  const { status, bytes } = await client().read({ url: new URL(server.origin), method: 'HEAD' }, 10);
  assert.deepEqual([status, bytes.length], [200, 0]);
});

test('a body with credentials is not sent to another origin', async (t) => {
  const other = await serveHttp(t, (_, response) => response.end());
  const server = await serveHttp(t, ({ url }, response) =>
    url === '/here'
      ? response.end('done')
      : response.writeHead(307, { location: `${url === '/a' ? '/here' : other.origin}` }).end(),
  );
  const send = (path: string) =>
    client().read(
      {
        url: new URL(path, server.origin),
        method: 'POST',
        body: () => Readable.from([Buffer.from('geheim')]),
        hasSecretBody: true,
      },
      10,
    );
  assert.equal((await send('/a')).bytes.toString(), 'done');
  await assert.rejects(send('/b'), failsWith('ERR_SOURCE', /with credentials was redirected to .*, another server/));
  assert.deepEqual(other.requests, []);
});

test('more than five redirects are a loop', async (t) => {
  const server = await serveHttp(t, (_, response) => response.writeHead(302, { location: '/' }).end());
  await assert.rejects(text(client(), server.origin), failsWith('ERR_SOURCE', /redirected more than 5 times/));
  assert.equal(server.requests.length, 6);
});

test('a redirect from https to http is not followed', NEEDS_OPENSSL, async (t) => {
  const plain = await serveHttp(t, (_, response) => response.end('changed on the way'));
  const redirect = (_: unknown, response: ServerResponse) => response.writeHead(302, { location: plain.origin }).end();
  const server = await serveHttp(t, redirect, certificates);
  const http = client({ ca: certificates!.ca });
  await assert.rejects(text(http, server.origin), failsWith('ERR_SOURCE', /not encrypted. That is not followed/));
  assert.deepEqual(plain.requests, []);
});

test('http is for this machine only, unless it is allowed', async () => {
  await assert.rejects(text(client(), 'http://plugins.test/'), failsWith('ERR_SOURCE', /not encrypted.*insecure/));
  await assert.rejects(text(client(), 'file:///etc/passwd'), failsWith('ERR_SOURCE', /Expected an address with https/));
});

test('a certificate of an unknown authority is refused, with what to do', NEEDS_OPENSSL, async (t) => {
  const server = await serveHttp(t, (_, response) => response.end('hello'), certificates);
  await assert.rejects(text(client(), server.origin), failsWith('ERR_SOURCE', /certificate.*by `ca`/));
  assert.equal(await text(client({ ca: certificates!.ca }), server.origin), 'hello');
});

test('a lost connection and 503 are tried again; the last failure says how often', async (t) => {
  let count = 0;
  const server = await serveHttp(t, ({ socket }, response) => {
    count++;
    if (count === 1) socket.destroy();
    else if (count === 2) response.writeHead(503, { 'retry-after': '0' }).end();
    else response.end('at last');
  });
  assert.equal(await text(client(), server.origin), 'at last');
  count = 0;
  const error = failsWith('ERR_SOURCE', /answered 503. Try again later. It was tried 2 times/);
  await assert.rejects(text(client({ attempts: 2 }), server.origin), error);
});

test('a server that asks for a long wait is not waited for', async (t) => {
  const server = await serveHttp(t, (_, response) => response.writeHead(429, { 'retry-after': '86400' }).end());
  await assert.rejects(text(client(), server.origin), failsWith('ERR_SOURCE', /asks to wait 86400 s/));
  assert.equal(server.requests.length, 1);
});

test('a server that never answers, and one that stalls, are left', async (t) => {
  const server = await serveHttp(t, ({ url }, response) => void (url === '/stalls' && response.write('a')));
  const silent = client({ headersTimeoutMs: 50, attempts: 1 });
  await assert.rejects(text(silent, `${server.origin}/`), failsWith('ERR_SOURCE', /not answered within 50 ms/));
  const stalled = client({ stallTimeoutMs: 50, attempts: 1 });
  await assert.rejects(text(stalled, `${server.origin}/stalls`), failsWith('ERR_SOURCE', /has stalled/));
});

test('an answer is bounded, announced or not', async (t) => {
  const server = await serveHttp(t, ({ url }, response) => {
    if (url === '/announced') response.writeHead(200, { 'content-length': 5000 });
    const more = (): void => {
      while (response.write('x'.repeat(1000)));
      response.once('drain', more);
    };
    more();
  });
  for (const path of ['/announced', '/endless'])
    await assert.rejects(text(client(), server.origin + path), failsWith('ERR_SIZE', /larger than the 1000 bytes/));
});

test('messages have neither password nor query of an address', async (t) => {
  const server = await serveHttp(t, (_, response) => response.writeHead(500).end());
  const url = `http://name:geheim@localhost:${server.port}/path?X-Amz-Signature=geheim`;
  const error = await text(client({ attempts: 1 }), url).catch((error: Error) => error);
  assert.match(String(error), /localhost:\d+\/path was answered 500/);
  assert.ok(!String(error).includes('geheim'));
});

test('a proxy of HTTPS_PROXY carries https, with its own credentials', NEEDS_OPENSSL, async (t) => {
  const server = await serveHttp(t, (_, response) => response.end('through'), certificates);
  const proxy = await serveProxy(t, 'name:geheim');
  const env = { HTTPS_PROXY: `http://name:geheim@localhost:${proxy.port}`, NO_PROXY: 'other.test' };
  const http = client({ ca: certificates!.ca, env });
  assert.equal(await text(http, `https://plugins.test:${server.port}/`), 'through');
  assert.deepEqual(proxy.requests, [`CONNECT plugins.test:${server.port}`]);
  assert.equal(await text(http, server.origin), 'through', 'this machine needs no proxy');
  assert.equal(proxy.requests.length, 1);
  const wrong = client({ ca: certificates!.ca, env: { https_proxy: `http://name:falsch@localhost:${proxy.port}` } });
  const refused = failsWith('ERR_CREDENTIALS', /does not connect to plugins.test:\d+: it answered 407/);
  await assert.rejects(text(wrong, `https://plugins.test:${server.port}/`), refused);
  const except = { ...env, NO_PROXY: `.plugins.test:${server.port}` };
  await assert.rejects(
    text(client({ env: except, attempts: 1 }), `https://plugins.test:${server.port}/`),
    /ENOTFOUND|EAI_AGAIN/,
  );
});

test('a proxy is reached by TLS where its address says so', NEEDS_OPENSSL, async (t) => {
  const server = await serveHttp(t, (_, response) => response.end('through'), certificates);
  const proxy = await serveProxy(t, 'name:geheim', certificates);
  const env = {
    HTTPS_PROXY: `https://name:geheim@localhost:${proxy.port}`,
    HTTP_PROXY: `https://localhost:${proxy.port}`,
  };
  const http = client({ ca: certificates!.ca, env, insecure: true });
  assert.equal(await text(http, `https://plugins.test:${server.port}/`), 'through');
  assert.equal(await text(http, 'http://plugins.test/path'), 'by the proxy');
  assert.deepEqual(proxy.requests, [`CONNECT plugins.test:${server.port}`, 'GET http://plugins.test/path']);
  const unknown = client({ env, attempts: 1 });
  await assert.rejects(text(unknown, `https://plugins.test:${server.port}/`), failsWith('ERR_SOURCE', /by `ca`/));
});

test('a proxy of HTTP_PROXY gets whole addresses of what is not encrypted', async (t) => {
  const proxy = await serveProxy(t);
  const http = client({ insecure: true, env: { HTTP_PROXY: `localhost:${proxy.port}` } });
  assert.equal(await text(http, 'http://plugins.test/path?query'), 'by the proxy');
  assert.deepEqual(proxy.requests, ['GET http://plugins.test/path?query']);
});
