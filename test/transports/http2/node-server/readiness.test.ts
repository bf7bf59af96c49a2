import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, finish, Recorder, respondOnly, serve } from './bench.js';

const GARBAGE: readonly (readonly [what: string, bytes: Uint8Array | string])[] = [
  ['HTTP/1.1', 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'],
  ['a TLS alert', Uint8Array.of(0x15, 3, 3, 0, 2, 2, 70, 0, 0, 0, 0, 0, 0)],
  ['random bytes', Uint8Array.from({ length: 4096 }, (_, index) => (index * 167 + 13) & 255)],
];

test('onReady is called once, and ping measures the round trip', async () => {
  const bench = connect();
  const far = await serve(bench.far, respondOnly);
  await bench.ready;
  far.settings({ maxConcurrentStreams: 7 });
  assert.ok((await bench.session.ping(5000)) >= 0);
  await bench.session.ping(5000);
  assert.equal(bench.counts.ready, 1);
  await finish(bench);
  await assert.rejects(bench.session.ping(5000));
});

test('a ping without an answer fails after its timeout', async () => {
  const bench = connect();
  const keepAlive = setInterval(() => {}, 1000);
  await assert.rejects(bench.session.ping(20), /PING|ping/);
  clearInterval(keepAlive);
  assert.equal(bench.counts.ready, 0);
  await finish(bench);
});

for (const [what, bytes] of GARBAGE) {
  test(`a peer that sends ${what} is not ready and ends the session with an error`, async () => {
    const bench = connect();
    const call = new Recorder();
    call.open(bench.session, true);
    bench.far.resume();
    bench.far.write(bytes);
    const error = await bench.closed;
    assert.ok(error instanceof Error);
    assert.equal(call.log.at(-1), 'lost');
    assert.equal(bench.counts.ready, 0);
    await finish(bench);
  });
}

test('a peer that closes at once ends the session with an error', async () => {
  const bench = connect();
  bench.far.destroy();
  assert.ok((await bench.closed) instanceof Error);
  await finish(bench);
});

test('a peer that stops in the middle of a frame ends the session with an error', async () => {
  const bench = connect();
  bench.far.resume();
  bench.far.end(Uint8Array.of(0, 0, 18, 4, 0));
  assert.ok((await bench.closed) instanceof Error);
  await finish(bench);
});
