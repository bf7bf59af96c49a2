import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { StoreError } from '../../../../packages/store/src/errors.js';
import { createHttpClient } from '../../../../packages/store/src/sources/http/client.js';
import { type DownloadRequest, download } from '../../../../packages/store/src/sources/http/download.js';
import { resolveHttp } from '../../../../packages/store/src/sources/http/options.js';
import { defer } from '../../../support/defer.js';
import { serveHttp, type TestServer } from '../servers.js';

const FILE = randomBytes(300_000);

function open({ origin }: TestServer, request: Partial<DownloadRequest> = {}) {
  const http = createHttpClient(resolveHttp({ env: {}, retryMs: 1, stallTimeoutMs: 2000 }));
  return download(http, { url: new URL(origin), size: FILE.length, ...request });
}

async function bytes(opening: ReturnType<typeof open>): Promise<Buffer> {
  return Buffer.concat(await (await opening).stream.toArray());
}

function withRanges(request: IncomingMessage, response: ServerResponse): Buffer {
  const [, begin] = /^bytes=(\d+)-/.exec(request.headers.range ?? '') ?? [];
  if (begin === undefined) return response.writeHead(200) && FILE;
  response.writeHead(206, { 'content-range': `bytes ${begin}-${FILE.length - 1}/${FILE.length}` });
  return FILE.subarray(Number(begin));
}

function failsWith(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof StoreError && error.code === code && message.test(error.message);
}

test('a file is opened in the middle, where the server can', async (t) => {
  const server = await serveHttp(t, (request, response) => response.end(withRanges(request, response)));
  const { offset, stream } = await open(server, { offset: 1000 });
  assert.equal(offset, 1000);
  assert.deepEqual(Buffer.concat(await stream.toArray()), FILE.subarray(1000));
  const whole = await serveHttp(t, (_, response) => response.end(FILE));
  const again = await open(whole, { offset: 1000 });
  assert.equal(again.offset, 0);
  assert.deepEqual(Buffer.concat(await again.stream.toArray()), FILE);
});

for (const ranges of [true, false]) {
  test(`a lost connection is taken up where it was lost, ${ranges ? 'by a range' : 'skipping what came before'}`, async (t) => {
    let count = 0;
    const server = await serveHttp(t, (request, response) => {
      const body = ranges ? withRanges(request, response) : FILE;
      if (++count > 3) return void response.end(body);
      return void response.write(body.subarray(0, 50_000 * count), () => request.socket.destroy());
    });
    assert.deepEqual(await bytes(open(server)), FILE);
    assert.equal(server.requests.length, 4);
  });
}

test('a connection that is lost every time is an error in the end', async (t) => {
  const server = await serveHttp(t, (request, response) => {
    response.writeHead(200).write('x', () => request.socket.destroy());
  });
  await assert.rejects(bytes(open(server)), failsWith('ERR_SOURCE', /connection was lost|ECONNRESET|aborted/));
});

test('another size than the announced one is refused: before, in the middle, at the end', async (t) => {
  const lies: Record<string, (response: ServerResponse) => void> = {
    '/longer': (response) => response.writeHead(200, { 'content-length': FILE.length + 1 }).end(),
    '/endless': (response) => response.writeHead(200).end(Buffer.concat([FILE, FILE])),
    '/shorter': (response) => response.writeHead(200).end(FILE.subarray(1)),
    '/otherRange': (response) => response.writeHead(206, { 'content-range': 'bytes 0-9/10' }).end('0123456789'),
  };
  const server = await serveHttp(t, ({ url }, response) => lies[url!]!(response));
  for (const path of Object.keys(lies)) {
    const url = new URL(path, server.origin);
    await assert.rejects(
      bytes(open(server, { url, offset: path === '/otherRange' ? 5 : 0 })),
      failsWith('ERR_SIZE', /./),
      path,
    );
  }
});

test('nothing is read that nobody wants, and destroying the stream ends the connection', async (t) => {
  let sent = 0;
  const gone = defer<void>();
  const server = await serveHttp(t, (_, response) => {
    response.on('close', gone.resolve);
    const more = (): void => {
      while (response.write(Buffer.alloc(65_536))) sent += 65_536;
      response.once('drain', more);
    };
    more();
  });
  const { stream } = await open(server, { size: 1e12 });
  await once(stream, 'readable');
  stream.destroy();
  await gone.promise;
  assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes`);
});

test('a signal ends a download', async (t) => {
  const server = await serveHttp(t, (_, response) => void response.writeHead(200).write('x'));
  const ending = new AbortController();
  const { stream } = await open(server, { signal: ending.signal });
  await once(stream, 'data');
  const reason = new Error('enough');
  ending.abort(reason);
  await assert.rejects(stream.toArray(), reason);
});
