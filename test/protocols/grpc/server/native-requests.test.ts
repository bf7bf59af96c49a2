import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { type handleUnaryCall, ServerInterceptingCall, type ServerInterceptor, status as Status } from '@grpc/grpc-js';
import { defer } from '../../../support/defer.js';
import { serverEngine, test } from '../../../support/grpc-servers.js';
import { framed } from '../../../support/raw-call.js';
import { ask, flagged, identity, serve } from '../../../support/raw-service.js';

suite('requests that break the rules', () => {
  test('one message too many or too few for a method that takes one', async () => {
    await using socket = await serve();
    for (const name of ['Unary', 'Down']) {
      const two = Buffer.concat([framed(Buffer.of(1)), framed(Buffer.of(2))]);
      assert.equal((await ask(socket.path, name, two)).code, Status.UNIMPLEMENTED);
      assert.equal((await ask(socket.path, name, Buffer.alloc(0))).code, Status.UNIMPLEMENTED);
    }
  });

  test('a request over the limit, in its prefix or in its compressed form', async () => {
    await using socket = await serve({ maxReceiveMessageBytes: 1000 });
    assert.equal((await ask(socket.path, 'Unary', framed(Buffer.alloc(1000)))).code, 0);
    assert.equal((await ask(socket.path, 'Unary', framed(Buffer.alloc(1001)))).code, Status.RESOURCE_EXHAUSTED);
    const bomb = flagged(gzipSync(Buffer.alloc(1_000_000)));
    const answer = await ask(socket.path, 'Unary', bomb, { 'grpc-encoding': 'gzip' });
    assert.equal(answer.code, Status.RESOURCE_EXHAUSTED);
  });

  test('a response over the limit of grpc-js’s option', async () => {
    await using socket = await serve({ maxSendMessageBytes: 10 });
    assert.equal((await ask(socket.path, 'Unary', framed(Buffer.alloc(10)))).code, 0);
    assert.equal((await ask(socket.path, 'Unary', framed(Buffer.alloc(11)))).code, Status.RESOURCE_EXHAUSTED);
  });

  test('a deadline that has passed is DEADLINE_EXCEEDED, one that is none INTERNAL', async () => {
    await using socket = await serve({}, { Unary: () => {} });
    const late = await ask(socket.path, 'Unary', framed(Buffer.of(1)), { 'grpc-timeout': '1m' });
    assert.equal(late.code, Status.DEADLINE_EXCEEDED);
    const odd = await ask(socket.path, 'Unary', framed(Buffer.of(1)), { 'grpc-timeout': 'soon' });
    assert.equal(odd.code, Status.INTERNAL);
  });

  test('a deserializer that throws, a request that ends within a message, and flags that nobody knows', async () => {
    if (serverEngine !== 'native') return;
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

  test('an encoding that nobody knows is UNIMPLEMENTED once a message uses it', async () => {
    await using socket = await serve();
    const answer = await ask(socket.path, 'Unary', flagged(Buffer.from('x')), { 'grpc-encoding': 'br' });
    assert.equal(answer.code, Status.UNIMPLEMENTED);
    assert.equal((await ask(socket.path, 'Unary', framed(Buffer.from('x')), { 'grpc-encoding': 'br' })).code, 0);
  });

  test('bytes that are not what they claim fail the call', async () => {
    await using socket = await serve();
    const answer = await ask(socket.path, 'Unary', flagged(Buffer.from('no gzip')), { 'grpc-encoding': 'gzip' });
    assert.equal(answer.code, Status.INTERNAL);
  });
});

suite('interceptors', () => {
  function tagging(tag: string, log: string[]): ServerInterceptor {
    return (definition, call) =>
      new ServerInterceptingCall(call, {
        start(next) {
          log.push(`${tag} ${definition.path}`);
          next({
            onReceiveMetadata(metadata, proceed) {
              metadata.add('x-tag', tag);
              proceed(metadata);
            },
            onReceiveMessage: (message: Buffer, proceed) => proceed(Buffer.concat([message, Buffer.from(tag)])),
          });
        },
        sendMetadata(metadata, next) {
          metadata.set(`x-${tag}`, 'seen');
          next(metadata);
        },
        sendMessage: (message: Buffer, next) => next(Buffer.concat([message, Buffer.from(tag.toUpperCase())])),
        sendStatus(status, next) {
          log.push(`${tag} status ${status.code}`);
          next(status);
        },
      });
  }

  test('see and change everything, each in its turn', async () => {
    const log: string[] = [];
    const tags = defer<unknown>();
    const look: handleUnaryCall<Buffer, Buffer> = (call, respond) => {
      tags.resolve(call.metadata.get('x-tag'));
      respond(null, call.request);
    };
    const options = { interceptors: [tagging('a', log), tagging('b', log)] };
    await using socket = await serve(options, { Unary: look });
    const { body, code } = await ask(socket.path, 'Unary', framed(Buffer.from('m')));
    assert.equal(code, 0);
    assert.deepEqual(body.subarray(5).toString(), 'mabBA');
    assert.deepEqual(await tags.promise, ['a', 'b']);
    assert.deepEqual(log, ['b /raw.Raw/Unary', 'a /raw.Raw/Unary', 'b status 0', 'a status 0']);
  });

  test('run around streams as well, and may end a call by themselves', async () => {
    const log: string[] = [];
    const refuse: ServerInterceptor = (definition, call) =>
      new ServerInterceptingCall(call, {
        start(next) {
          next();
          if (definition.path.endsWith('Up')) call.sendStatus({ code: Status.PERMISSION_DENIED, details: 'not up' });
        },
      });
    await using socket = await serve({ interceptors: [refuse, tagging('t', log)] });
    const both = await ask(socket.path, 'Both', Buffer.concat([framed(Buffer.from('x')), framed(Buffer.from('y'))]));
    assert.deepEqual(both.body, Buffer.concat([framed(Buffer.from('xtT')), framed(Buffer.from('ytT'))]));
    const up = await ask(socket.path, 'Up', framed(Buffer.from('x')));
    assert.deepEqual([up.code, up.detail], [Status.PERMISSION_DENIED, 'not up']);
  });
});
