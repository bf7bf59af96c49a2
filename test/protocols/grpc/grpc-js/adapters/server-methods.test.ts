import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite } from 'node:test';
import { type handleServerStreamingCall, type handleUnaryCall, Metadata, status as Status } from '@grpc/grpc-js';
import { OptionsError } from '../../../../../src/errors.js';
import { defer } from '../../../../support/defer.js';
import { createGrpcServer, test } from '../../../../support/grpc-servers.js';
import { framed, RawCall } from '../../../../support/raw-call.js';
import { ask, type down, RAW, serve, type unary } from '../../../../support/raw-service.js';

suite('handlers of grpc-js', () => {
  test('all four kinds answer', async () => {
    await using socket = await serve();
    const one = await ask(socket.path, 'Unary', framed(Buffer.from('abc')));
    assert.deepEqual([one.code, one.body.toString('hex')], [0, framed(Buffer.from('abc')).toString('hex')]);
    const many = Buffer.concat([framed(Buffer.from('ab')), framed(Buffer.alloc(0)), framed(Buffer.from('c'))]);
    assert.deepEqual((await ask(socket.path, 'Up', many)).body, framed(Buffer.from('abc')));
    const stream = await ask(socket.path, 'Down', framed(Buffer.from('xy')));
    assert.deepEqual(stream.body, Buffer.concat([framed(Buffer.from('x')), framed(Buffer.from('y'))]));
    assert.equal(stream.trailers['count'], '2');
    assert.deepEqual((await ask(socket.path, 'Both', many)).body, many);
  });

  test('a method without a handler and an unknown method are UNIMPLEMENTED', async () => {
    await using socket = await serve();
    assert.equal((await ask(socket.path, 'Missing', framed(Buffer.alloc(0)))).code, Status.UNIMPLEMENTED);
    assert.equal((await ask(socket.path, 'Unheard', framed(Buffer.alloc(0)))).code, Status.UNIMPLEMENTED);
  });

  test('a call object has metadata, path, host, peer and deadline, and sends headers and trailers', async () => {
    const told = defer<unknown[]>();
    const look: handleUnaryCall<Buffer, Buffer> = (call, respond) => {
      const headers = new Metadata();
      headers.set('x-head', 'h');
      call.sendMetadata(headers);
      const { metadata } = call;
      const place = [call.getPath(), call.getHost(), call.getPeer(), call.cancelled];
      const fields = ['x-ask', 'x-bin', 'user-agent', 'te'].map((name) => metadata.get(name));
      told.resolve([...place, ...fields, typeof call.getDeadline(), call.getAuthContext()]);
      call.getMetricsRecorder().recordQpsMetric(1);
      const trailers = new Metadata();
      trailers.set('x-tail-bin', Buffer.of(0, 255));
      respond(null, call.request, trailers);
    };
    await using socket = await serve({}, { Unary: look });
    const headers = { 'x-ask': 'a', 'user-agent': 'me', 'grpc-timeout': '20S', ':authority': 'there' };
    using call = new RawCall(socket.path, '/raw.Raw/Unary', headers);
    const response = once(call.stream, 'response');
    const finished = call.finish();
    call.stream.end(framed(Buffer.of(1)));
    assert.equal((await response)[0]['x-head'], 'h');
    assert.match(String((await finished).trailers['x-tail-bin']), /^AP8=?$/);
    assert.deepEqual(await told.promise, [
      '/raw.Raw/Unary',
      'there',
      'unknown',
      false,
      ['a'],
      [],
      ['me'],
      [],
      'number',
      {},
    ]);
  });

  const failures: readonly (readonly [what: string, name: string, handler: unknown, code: number, detail: RegExp])[] = [
    [
      'an error with a code',
      'Unary',
      ((_call, respond) => respond({ code: 5, details: 'none' })) satisfies typeof unary,
      5,
      /^none$/,
    ],
    ['an Error', 'Unary', ((_call, respond) => respond(new Error('broken'))) satisfies typeof unary, 2, /broken/],
    ['a throw', 'Unary', () => assert.fail('thrown'), 2, /./],
    [
      'an emitted error',
      'Down',
      ((call) => void call.emit('error', { code: 9, details: 'pre' })) satisfies typeof down,
      9,
      /^pre$/,
    ],
    [
      'a response that cannot be serialized',
      'Unary',
      ((_call, respond) => respond(null, 'text' as never)) satisfies typeof unary,
      13,
      /serializing/,
    ],
  ];
  for (const [what, name, handler, code, detail] of failures) {
    test(`${what} ends the call with its status`, async () => {
      await using socket = await serve(
        {},
        { [name]: handler as typeof unary, ...(name === 'Down' ? { down: handler as typeof down } : {}) },
      );
      const answer = await ask(socket.path, name, framed(Buffer.from('x')));
      assert.equal(answer.code, code);
      assert.match(answer.detail, detail);
    });
  }

  test('a cancelled call emits `cancelled` once, and its property `cancelled` is true', async () => {
    const begun = defer();
    const ended = defer<boolean>();
    let times = 0;
    const hang: handleUnaryCall<Buffer, Buffer> = (call) => {
      call.on('cancelled', () => {
        times += 1;
        ended.resolve(call.cancelled);
      });
      begun.resolve();
    };
    await using socket = await serve({}, { Unary: hang });
    using call = new RawCall(socket.path, '/raw.Raw/Unary');
    call.stream.end(framed(Buffer.of(1)));
    await begun.promise;
    call.stream.close(8);
    assert.equal(await ended.promise, true);
    assert.equal((await ask(socket.path, 'Both', Buffer.alloc(0))).code, 0);
    assert.equal(times, 1);
  });

  test('`write` of a stream returns false when its reader is slow, and `drain` follows', async () => {
    const total = 400;
    const message = Buffer.alloc(16_384);
    let waits = 0;
    const flood: handleServerStreamingCall<Buffer, Buffer> = (call) => {
      let left = total;
      const fill = (): void => {
        while (left > 0) {
          left -= 1;
          if (call.write(message)) continue;
          waits += 1;
          return void call.once('drain', fill);
        }
        call.end();
      };
      fill();
    };
    await using socket = await serve({}, { down: flood });
    const { body } = await ask(socket.path, 'Down', framed(Buffer.of(1)));
    assert.equal(body.length, total * (message.length + 5));
    assert.ok(waits > 0);
  });
});

test('a service with a method that was added before is refused', async () => {
  const server = createGrpcServer();
  server.addGrpcJsService(RAW, {});
  assert.throws(() => server.addGrpcJsService(RAW, {}), OptionsError);
  await server.close();
});
