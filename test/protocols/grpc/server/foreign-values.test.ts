import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type handleServerStreamingCall, type handleUnaryCall, Metadata, status } from '@grpc/grpc-js';
import type * as Rxjs from 'rxjs';
import { throwError } from 'rxjs';
import { createLogger, type LogRecord } from '../../../../src/wire/logs/logger.js';
import { anotherCopyOf } from '../../../support/another-copy.js';
import { test } from '../../../support/grpc-servers.js';
import { collect, failureOf, type KV, serveKv } from '../../../support/kv-server.js';
import { framed } from '../../../support/raw-call.js';
import { ask, serve } from '../../../support/raw-service.js';

const rxjs = anotherCopyOf('rxjs') as typeof Rxjs;
const ForeignMetadata = (anotherCopyOf('@grpc/grpc-js') as { Metadata: typeof Metadata }).Metadata;

/** As libraries that are not rxjs make them. */
function interop(values: readonly unknown[]): unknown {
  const subscribe = (observer: { next(value: unknown): void; complete(): void }) => {
    for (const value of values) observer.next(value);
    observer.complete();
    return { unsubscribe() {} };
  };
  return { subscribe, '@@observable': () => ({ subscribe }) };
}

test('Observables of another copy of rxjs, and of other libraries, are responses', async () => {
  const changes = [{ key: 'a' }, { key: 'b' }];
  for (const of of [(...values: unknown[]) => rxjs.of(...values), (...values: unknown[]) => interop(values)]) {
    await using peer = await serveKv({
      get: (() => of({ value: Buffer.from('v') })) as KV['get'],
      watch: (() => of(...changes)) as KV['watch'],
    });
    assert.equal(Buffer.from((await peer.unary('get', {})).response.value).toString(), 'v');
    const { values } = await collect<{ key: string }>(peer.serverStream('watch', {}));
    assert.deepEqual(
      values.map(({ key }) => key),
      ['a', 'b'],
    );
  }
});

test('metadata of another copy of grpc-js is sent', async () => {
  const foreign = (value: string) => {
    const metadata = new ForeignMetadata();
    metadata.set('x-foreign', value);
    return metadata;
  };
  const unary: handleUnaryCall<Buffer, Buffer> = (call, respond) => {
    call.sendMetadata(foreign('head'));
    if (call.request[0] === 1) respond(null, call.request, foreign('tail'));
    else respond({ code: status.ABORTED, details: 'no', metadata: foreign('failed') });
  };
  const down: handleServerStreamingCall<Buffer, Buffer> = (call) => {
    if (call.request[0] === 1) call.end(foreign('tail'));
    else call.emit('error', { code: status.ABORTED, details: 'no', metadata: foreign('failed') });
  };
  await using socket = await serve({}, { Unary: unary, down });
  for (const name of ['Unary', 'Down']) {
    assert.equal((await ask(socket.path, name, framed(Buffer.of(1)))).trailers['x-foreign'], 'tail');
    assert.equal((await ask(socket.path, name, framed(Buffer.of(2)))).trailers['x-foreign'], 'failed');
  }
});

test('an error with a numeric code that is no gRPC status is UNKNOWN at the caller, and is logged', async () => {
  const failures: readonly (() => Promise<unknown>)[] = [
    () => promisify(execFile)(process.execPath, ['-e', 'process.exit(14)']),
    () => Promise.reject(Object.assign(new Error('MongoServerError'), { code: 13 })),
    () => Promise.reject(Object.assign(new Error('ldap'), { code: 32, details: { name: 'x' } })),
    () => Promise.reject(Object.assign(new Error('ssh'), { code: 5, level: 'client-socket' })),
  ];
  for (const fail of failures) {
    const records: LogRecord[] = [];
    const logger = createLogger({ write: (record) => records.push(record) });
    await using peer = await serveKv({ get: fail as KV['get'] }, { logger });
    assert.equal((await failureOf(peer.unary('get', {}))).code, status.UNKNOWN);
    const [{ level, message, fields }] = records as [LogRecord];
    assert.equal(level, 'error');
    assert.match(message, /not a gRPC status/);
    assert.deepEqual(Object.keys(fields), ['method', 'code', 'stack']);
  }
});

test('an error with a gRPC status keeps it, and is not logged', async () => {
  const records: LogRecord[] = [];
  const logger = createLogger({ write: (record) => records.push(record) });
  for (const failure of [
    { code: status.NOT_FOUND, details: 'none' },
    Object.assign(new Error('none'), { code: status.NOT_FOUND, metadata: new ForeignMetadata() }),
  ]) {
    await using peer = await serveKv({ get: () => throwError(() => failure) }, { logger });
    const error = await failureOf(peer.unary('get', {}));
    assert.deepEqual([error.code, error.details], [status.NOT_FOUND, 'none']);
  }
  assert.deepEqual(records, []);
});
