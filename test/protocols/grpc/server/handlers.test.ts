import assert from 'node:assert/strict';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { EMPTY, map, of, range, throwError } from 'rxjs';
import { GrpcError } from '../../../../src/protocols/grpc/shared/errors.js';
import type { CallContext } from '../../../../src/protocols/grpc/shared/service-definition.js';
import { defer } from '../../../support/defer.js';
import { serverEngine, test } from '../../../support/grpc-servers.js';
import { bytes, collect, failureOf, type KV, serveKv } from '../../../support/kv-server.js';

test('a unary handler answers with a value, a Promise or an Observable', async () => {
  for (const answer of [
    (): ReturnType<KV['get']> => ({ value: bytes('v') }),
    (): ReturnType<KV['get']> => Promise.resolve({ value: bytes('v') }),
    (): ReturnType<KV['get']> => of({ value: bytes('v') }),
  ]) {
    await using peer = await serveKv({ get: answer });
    const { response } = await peer.unary('get', { key: 'k' });
    assert.deepEqual(Buffer.from(response.value), Buffer.from('v'));
    assert.equal(response.revision, 0n);
  }
});

test('headers, trailers, request metadata, deadline, path and peer reach the other side', async () => {
  const seen = defer<CallContext>();
  await using peer = await serveKv({
    get: (_request, call) => {
      seen.resolve(call);
      const headers = new Metadata();
      headers.set('x-header', 'h');
      headers.set('connection', 'not allowed in HTTP/2');
      call.sendHeaders(headers);
      call.trailers.set('x-trailer-bin', Buffer.from([0, 255]));
      return {};
    },
  });
  const metadata = new Metadata();
  metadata.add('x-request', 'one');
  metadata.add('x-request', 'two');
  const deadline = new Date(Date.now() + 60_000);
  const { headers, trailers } = await peer.unary('get', {}, metadata, { deadline });
  assert.deepEqual(headers.get('x-header'), ['h']);
  assert.deepEqual(trailers.get('x-trailer-bin'), [Buffer.from([0, 255])]);
  const call = await seen.promise;
  // node:http2 joins what came in several headers.
  const values = serverEngine === 'native' ? ['one', 'two'] : ['one, two'];
  assert.deepEqual(call.metadata.get('x-request'), values);
  assert.equal(call.path, '/kv.v1.KV/Get');
  assert.equal(call.peer, 'unknown');
  assert.ok(Math.abs(call.deadline!.getTime() - deadline.getTime()) < 30_000, String(call.deadline));
  assert.equal(call.signal.aborted, false);
});

const FAILURES: readonly [string, () => unknown, number, RegExp | string][] = [
  [
    'a thrown GrpcError',
    () => thrower(new GrpcError(status.NOT_FOUND, 'no such key')),
    status.NOT_FOUND,
    'no such key',
  ],
  ['a thrown Error', () => thrower(new Error('broken')), status.UNKNOWN, 'broken'],
  ['a thrown string', () => thrower('text'), status.UNKNOWN, 'text'],
  ['a rejected Promise', () => Promise.reject(new GrpcError(status.ABORTED, 'later')), status.ABORTED, 'later'],
  ['an error notification', () => throwError(() => new GrpcError(status.DATA_LOSS, 'gone')), status.DATA_LOSS, 'gone'],
  ['an empty Observable', () => EMPTY, status.INTERNAL, /emitted no response/],
  ['an Observable with two values', () => of({}, {}), status.INTERNAL, /emitted more than one response/],
  [
    'an endless synchronous Observable',
    () => range(0, Infinity).pipe(map(() => ({}))),
    status.INTERNAL,
    /more than one/,
  ],
  ['undefined', () => undefined, status.INTERNAL, /cannot be sent: it is undefined/],
  ['null', () => of(null), status.INTERNAL, /cannot be sent: it is null/],
  [
    'a message that cannot be encoded',
    () => ({ revision: 1n << 70n, bytes: 1n << 70n }),
    status.INTERNAL,
    /cannot be sent: .*uint64|BigInt/,
  ],
  [
    'text that UTF-8 does not have',
    () => thrower(new GrpcError(status.ABORTED, 'a\ud800b%ü\n')),
    status.ABORTED,
    'a\ufffdb%ü\n',
  ],
  ['a code that gRPC does not have', () => thrower(Object.assign(new Error('x'), { code: 99 })), status.UNKNOWN, 'x'],
];

function thrower(value: unknown): never {
  throw value;
}

test('any failure of a unary handler is a status at the caller', async (t) => {
  for (const [what, handler, code, details] of FAILURES) {
    await t.test(what, async () => {
      await using peer = await serveKv({ get: handler as KV['get'], import: handler as KV['import'] });
      const error = await failureOf(peer.unary('get', {}));
      assert.equal(error.code, code, error.message);
      if (typeof details === 'string') assert.equal(error.details, details);
      else assert.match(error.details, details);
      const again = defer<ServiceError | null>();
      peer.clientStream('import', (failure) => again.resolve(failure as ServiceError | null)).end();
      assert.equal((await again.promise)?.code, code);
    });
  }
});

test('metadata of an error is sent as trailers, without entries that would make the response invalid', async () => {
  await using peer = await serveKv({
    get: (_request, call) => {
      call.trailers.set('x-both', 'trailer');
      call.trailers.set('x-trailer', 't');
      const metadata = new Metadata();
      metadata.set('x-both', 'error');
      metadata.set('grpc-status-details-bin', Buffer.from([1, 2, 3]));
      metadata.set('grpc-status', '0');
      metadata.set('content-type', 'text/html');
      metadata.set('transfer-encoding', 'chunked');
      throw new GrpcError(status.ABORTED, 'x', { metadata });
    },
  });
  const { code, metadata } = await failureOf(peer.unary('get', {}));
  assert.equal(code, status.ABORTED);
  assert.deepEqual(metadata.get('x-both'), ['error']);
  assert.deepEqual(metadata.get('x-trailer'), ['t']);
  assert.deepEqual(metadata.get('grpc-status-details-bin'), [Buffer.from([1, 2, 3])]);
  assert.deepEqual(metadata.get('transfer-encoding'), []);
});

test('metadata that is too large for a header block fails its call, not the connection', async () => {
  const large = new Metadata();
  large.set('x-large', 'x'.repeat(100_000));
  const handlers: Partial<KV>[] = [
    { get: (_request, call) => (call.sendHeaders(large), {}) },
    { get: (_request, call) => (call.trailers.merge(large), {}) },
    { get: () => thrower(new GrpcError(status.INTERNAL, 'The metadata of this error', { metadata: large })) },
  ];
  for (const handler of handlers) {
    await using peer = await serveKv({ ...handler, put: () => ({}) });
    const error = await failureOf(peer.unary('get', {}));
    assert.equal(error.code, status.INTERNAL);
    assert.match(error.details, /^The metadata of/);
    await peer.unary('put', {});
  }
  await using peer = await serveKv({ watch: (_request, call) => (call.trailers.merge(large), EMPTY) });
  const { error } = await collect(peer.serverStream('watch', {}));
  assert.equal(error?.code, status.INTERNAL);
});
