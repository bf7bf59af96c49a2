import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { type handleUnaryCall, ServerInterceptingCall, type ServerInterceptor, status as Status } from '@grpc/grpc-js';
import { defer } from '../../../../support/defer.js';
import { test } from '../../../../support/grpc-servers.js';
import { framed } from '../../../../support/raw-call.js';
import { ask, serve } from '../../../../support/raw-service.js';

suite('interceptors of grpc-js', () => {
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

  test('see and change headers, messages and status, in order', async () => {
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

  test('run for streams as well, and may end a call', async () => {
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
