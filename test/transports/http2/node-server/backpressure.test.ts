import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ServerHttp2Stream } from 'node:http2';
import { test } from 'node:test';
import { defer } from '../../../support/defer.js';
import { answer, connect, finish, Recorder, serve } from './bench.js';

test('8 MiB arrive in each direction', async () => {
  const bench = connect();
  void serve(bench.far, answer);
  const call = new Recorder();
  const stream = call.open(bench.session);
  stream.write(Buffer.alloc(8 * 1024 * 1024), true);
  await call.over;
  assert.equal(call.received, 8 * 1024 * 1024);
  await finish(bench);
});

test('a sender stops at the window of a receiver that does not consume', async () => {
  const bench = connect({ streamWindowBytes: 128 * 1024 });
  const total = 4 * 1024 * 1024;
  void serve(bench.far, (stream, headers) => {
    if (headers[':path'] === '/small') return stream.respond({ ':status': 200 }, { endStream: true });
    stream.respond({ ':status': 200 });
    stream.end(Buffer.alloc(total));
  });
  const call = new Recorder();
  call.consume = false;
  const stream = call.open(bench.session, true);
  for (let round = 0; round < 50; round++) await bench.session.ping(5000);
  assert.ok(call.received > 0 && call.received <= 256 * 1024, `${call.received} bytes came unasked`);
  const other = new Recorder();
  other.open(bench.session, true, [':method', 'POST', ':scheme', 'http', ':authority', 'x', ':path', '/small']);
  await other.over;
  call.consume = true;
  stream.consume(call.received);
  await call.over;
  assert.equal(call.received, total);
  await finish(bench);
});

test('a writer waits until its peer reads', async () => {
  const bench = connect();
  const accepted = defer<ServerHttp2Stream>();
  void serve(bench.far, (stream) => {
    stream.respond({ ':status': 200 });
    accepted.resolve(stream);
  });
  const call = new Recorder();
  const stream = call.open(bench.session);
  const chunk = Buffer.alloc(64 * 1024);
  let written = 0;
  while (stream.write(chunk)) {
    written += chunk.length;
    assert.ok(written < 16 * 1024 * 1024, 'the writer was never held back');
    await new Promise((resolve) => setImmediate(resolve));
  }
  const drained = call.drain();
  let read = 0;
  (await accepted.promise).on('data', (data: Buffer) => {
    read += data.length;
  });
  await drained;
  stream.write(chunk, true);
  await once(await accepted.promise, 'end');
  assert.equal(read, written + 2 * chunk.length);
  await finish(bench);
});
