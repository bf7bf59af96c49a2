import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { status as Status } from '@grpc/grpc-js';
import { serverEngine, test } from '../../../support/grpc-servers.js';
import { framed } from '../../../support/raw-call.js';
import { ask, flagged, identity, serve } from '../../../support/raw-service.js';

suite('requests that are refused', () => {
  test('no message, or two, for a method that takes one is UNIMPLEMENTED', async () => {
    await using socket = await serve();
    for (const name of ['Unary', 'Down']) {
      const two = Buffer.concat([framed(Buffer.of(1)), framed(Buffer.of(2))]);
      assert.equal((await ask(socket.path, name, two)).code, Status.UNIMPLEMENTED);
      assert.equal((await ask(socket.path, name, Buffer.alloc(0))).code, Status.UNIMPLEMENTED);
    }
  });

  test('a request over the limit, plain or decompressed, is RESOURCE_EXHAUSTED', async () => {
    await using socket = await serve({ maxReceiveMessageBytes: 1000 });
    assert.equal((await ask(socket.path, 'Unary', framed(Buffer.alloc(1000)))).code, 0);
    assert.equal((await ask(socket.path, 'Unary', framed(Buffer.alloc(1001)))).code, Status.RESOURCE_EXHAUSTED);
    const bomb = flagged(gzipSync(Buffer.alloc(1_000_000)));
    const answer = await ask(socket.path, 'Unary', bomb, { 'grpc-encoding': 'gzip' });
    assert.equal(answer.code, Status.RESOURCE_EXHAUSTED);
  });

  test('a response over maxSendMessageBytes is RESOURCE_EXHAUSTED', async () => {
    await using socket = await serve({ maxSendMessageBytes: 10 });
    assert.equal((await ask(socket.path, 'Unary', framed(Buffer.alloc(10)))).code, 0);
    assert.equal((await ask(socket.path, 'Unary', framed(Buffer.alloc(11)))).code, Status.RESOURCE_EXHAUSTED);
  });

  test('a deadline that has passed is DEADLINE_EXCEEDED, a malformed one INTERNAL', async () => {
    await using socket = await serve({}, { Unary: () => {} });
    const late = await ask(socket.path, 'Unary', framed(Buffer.of(1)), { 'grpc-timeout': '1m' });
    assert.equal(late.code, Status.DEADLINE_EXCEEDED);
    const odd = await ask(socket.path, 'Unary', framed(Buffer.of(1)), { 'grpc-timeout': 'soon' });
    assert.equal(odd.code, Status.INTERNAL);
  });

  test('a request whose deserializer throws is INTERNAL, and the next call is served', async () => {
    await using socket = await serve();
    assert.equal((await ask(socket.path, 'Picky', framed(Buffer.of(1)))).code, Status.INTERNAL);
    assert.equal((await ask(socket.path, 'Unary', framed(Buffer.of(1)))).code, 0);
  });

  test('a request that ends within a message, and unknown flags are INTERNAL', async (t) => {
    if (serverEngine !== 'native') return t.skip('grpc-js drops half a message, and takes unknown flags for 0');
    await using socket = await serve();
    assert.equal((await ask(socket.path, 'Unary', framed(Buffer.alloc(9)).subarray(0, 9))).code, Status.INTERNAL);
    assert.equal((await ask(socket.path, 'Up', Buffer.of(0, 0))).code, Status.INTERNAL);
    const odd = framed(Buffer.of(1));
    odd[0] = 2;
    assert.equal((await ask(socket.path, 'Unary', odd)).code, Status.INTERNAL);
  });
});

suite('compression', () => {
  for (const [encoding, compress] of [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['identity', identity],
  ] as const) {
    test(`requests in ${encoding} are read, and plain ones beside them`, async () => {
      await using socket = await serve();
      const text = Buffer.from('squeeze me '.repeat(50));
      const compressed = encoding === 'identity' ? framed(text) : flagged(compress(text));
      const body = Buffer.concat([compressed, framed(Buffer.from('plain'))]);
      const answer = await ask(socket.path, 'Up', body, { 'grpc-encoding': encoding });
      assert.equal(answer.code, 0);
      assert.deepEqual(answer.body, framed(Buffer.concat([text, Buffer.from('plain')])));
    });
  }

  test('an unknown encoding is UNIMPLEMENTED once a message uses it', async () => {
    await using socket = await serve();
    const answer = await ask(socket.path, 'Unary', flagged(Buffer.from('x')), { 'grpc-encoding': 'br' });
    assert.equal(answer.code, Status.UNIMPLEMENTED);
    assert.equal((await ask(socket.path, 'Unary', framed(Buffer.from('x')), { 'grpc-encoding': 'br' })).code, 0);
  });

  test('bytes that are not compressed as the encoding says fail the call', async () => {
    await using socket = await serve();
    const answer = await ask(socket.path, 'Unary', flagged(Buffer.from('no gzip')), { 'grpc-encoding': 'gzip' });
    assert.equal(answer.code, Status.INTERNAL);
  });
});
