import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defer } from '../../../support/defer.js';
import { connect, finish, Recorder, respondOnly, serve } from './bench.js';

for (const code of [2, 7, 8, 11]) {
  test(`RST_STREAM ${code} of the peer ends the stream with that code, once`, async () => {
    const bench = connect();
    void serve(bench.far, (stream) => {
      stream.respond({ ':status': 200 });
      stream.write('x');
      stream.close(code);
    });
    const call = new Recorder();
    const stream = call.open(bench.session);
    await call.over;
    await bench.session.ping(5000);
    assert.equal(call.log.at(-1), `reset ${code}`);
    assert.equal(call.log.filter((entry) => entry.startsWith('reset')).length, 1);
    stream.write(Buffer.from('into the void'));
    stream.end();
    stream.reset(8);
    await finish(bench);
  });
}

test('reset reaches the peer with its code and causes no event here', async () => {
  const bench = connect();
  const closed = defer<number>();
  const reached = defer();
  void serve(bench.far, (stream) => {
    respondOnly(stream, {});
    reached.resolve();
    stream.once('close', () => closed.resolve(stream.rstCode));
  });
  const call = new Recorder();
  const stream = call.open(bench.session);
  await reached.promise;
  stream.reset(8);
  stream.reset(8);
  assert.equal(await closed.promise, 8);
  await bench.session.ping(5000);
  assert.ok(!call.log.some((entry) => entry.startsWith('reset')));
  await finish(bench);
});

test('a header list over the limit ends its stream, not the session', async () => {
  const bench = connect({ maxHeaderListBytes: 4096 });
  void serve(bench.far, (stream, headers) => {
    const value = headers[':path'] === '/big' ? 'v'.repeat(8000) : 'v';
    stream.respond({ ':status': 200, value }, { endStream: true });
  });
  await bench.ready;
  await bench.session.ping(5000);
  const big = new Recorder();
  big.open(bench.session, true, [':method', 'POST', ':scheme', 'http', ':authority', 'x', ':path', '/big']);
  await big.over;
  assert.match(big.log.at(-1)!, /^reset/);
  const small = new Recorder();
  small.open(bench.session, true);
  await small.over;
  assert.deepEqual(small.log, ['headers+end']);
  await finish(bench);
});
