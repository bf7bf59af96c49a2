import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { appServer } from './app-server.js';
import { demoApp } from './demo-app.js';

async function nodeClient(t: TestContext): Promise<ClientHttp2Session> {
  const { socket } = await appServer(t, 'unix', demoApp);
  const client = connectHttp2('http://x', { createConnection: () => connect(socket) });
  t.after(() => client.destroy());
  return client;
}

async function collect(stream: ClientHttp2Stream): Promise<{ bytes: number; trailers: Record<string, unknown> }> {
  let bytes = 0;
  let trailers: Record<string, unknown> = {};
  stream.on('trailers', (fields: Record<string, unknown>) => {
    trailers = { ...fields };
  });
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await once(stream, 'close');
  return { bytes, trailers };
}

test('node:http2 as client: bodies, trailers, many at once', async (t) => {
  const client = await nodeClient(t);
  for (const size of [0, 1, 100_000, 10 << 20]) {
    const stream = client.request({ ':method': 'POST', ':path': '/echo' });
    stream.end(Buffer.alloc(size));
    const { bytes, trailers } = await collect(stream);
    assert.equal(bytes, size);
    assert.equal(trailers['done'], 'yes');
  }
  const many = Array.from({ length: 500 }, (_, index) => {
    const stream = client.request({ ':method': 'POST', ':path': '/echo' });
    stream.end(Buffer.alloc(index));
    return collect(stream);
  });
  assert.deepEqual(
    (await Promise.all(many)).map(({ bytes }) => bytes),
    Array.from({ length: 500 }, (_, index) => index),
  );
});

test('node:http2 as client: resets either way, ping, and a graceful end', async (t) => {
  const client = await nodeClient(t);
  const failing = client.request({ ':path': '/fail' });
  const [error] = (await once(failing.resume(), 'error')) as [Error];
  assert.match(error.message, /INTERNAL_ERROR/);
  const waiting = client.request({ ':path': '/wait' });
  if (waiting.pending) await once(waiting, 'ready');
  waiting.close(8);
  await once(waiting, 'close');
  await promisify(client.ping.bind(client) as (done: (error: Error | null) => void) => boolean)();
  client.close();
  await once(client, 'close');
});

const curl = spawnSync('curl', ['--version'], { encoding: 'utf8' });
const skip = /\bHTTP2\b/.test(curl.stdout ?? '') ? false : 'curl with HTTP/2 is not installed';

test('curl as client: a body there and back, and the trailer', { skip }, async (t) => {
  const { socket } = await appServer(t, 'unix', demoApp);
  const fixed = ['-s', '--http2-prior-knowledge', '--unix-socket', socket, '--max-time', '30'];
  const run = promisify(execFile);
  const small = await run('curl', [...fixed, '-i', '--data', 'hello', 'http://x/echo'], { timeout: 120_000 });
  assert.match(small.stdout, /^HTTP\/2 200/);
  assert.ok(small.stdout.includes('hello'));
  assert.match(small.stdout, /done: yes/);
  const large = await run(
    'curl',
    [...fixed, '-o', '/dev/null', '-w', '%{size_download}', 'http://x/bytes?n=50000000'],
    {
      timeout: 120_000,
    },
  );
  assert.equal(large.stdout, '50000000');
});
