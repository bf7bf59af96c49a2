import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defer } from '../../../support/defer.js';
import { answer, connect, finish, REQUEST, Recorder, serve, valuesOf } from './bench.js';

test('a stream carries headers, data and trailers both ways', async () => {
  const bench = connect();
  const seen = defer<Record<string, unknown>>();
  void serve(bench.far, (stream, headers) => {
    seen.resolve(headers);
    answer(stream, headers);
  });
  const call = new Recorder();
  const stream = call.open(bench.session, false, [...REQUEST, 'k', '1', 'k', '2']);
  stream.write(Buffer.from('hello '), false);
  stream.write(Buffer.from('world'), true);
  await call.over;
  assert.equal((await seen.promise)['k'], '1, 2');
  assert.deepEqual(call.log, ['headers', 'data', 'trailers', 'end']);
  assert.equal(call.received, 11);
  assert.deepEqual(call.headers[0]!.slice(0, 2), [':status', '200']);
  assert.deepEqual(valuesOf(call.headers[0]!, 'twice'), ['a', 'b']);
  assert.deepEqual(valuesOf(call.headers[1]!, 'blob-bin'), ['AQ', 'Ag']);
  await finish(bench);
});

test('a response of headers alone ends with the headers', async () => {
  const bench = connect();
  void serve(bench.far, (stream) => stream.respond({ ':status': 200, 'grpc-status': '12' }, { endStream: true }));
  const call = new Recorder();
  call.open(bench.session, true);
  await call.over;
  await bench.session.ping(5000);
  assert.deepEqual(call.log, ['headers+end']);
  await finish(bench);
});

test('a response without trailers ends with its data', async () => {
  const bench = connect();
  void serve(bench.far, (stream) => {
    stream.respond({ ':status': 200 });
    stream.end('x');
  });
  for (const endStream of [true, false]) {
    const call = new Recorder();
    const stream = call.open(bench.session, endStream);
    await call.over;
    assert.deepEqual(call.log, ['headers', 'data', 'end']);
    stream.reset(8);
  }
  await finish(bench);
});

test('streams over the peer’s limit wait and are then served', async () => {
  const bench = connect();
  let open = 0;
  let most = 0;
  const session = serve(
    bench.far,
    (stream, headers) => {
      most = Math.max(most, ++open);
      stream.once('close', () => open--);
      setImmediate(() => answer(stream, headers));
    },
    { maxConcurrentStreams: 2 },
  );
  await bench.ready;
  await session;
  const calls = Array.from({ length: 20 }, () => new Recorder());
  for (const call of calls) call.open(bench.session, true);
  await Promise.all(calls.map((call) => call.over));
  assert.ok(most <= 2, `${most} streams were open at once`);
  assert.ok(calls.every((call) => call.log.at(-1) === 'end'));
  await finish(bench);
});
