import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { Metadata, status as Status } from '@grpc/grpc-js';
import { PluginCallError, PluginError, ProtocolError } from '../../../../src/errors.js';
import {
  errorFromStatus,
  GrpcError,
  toGrpcError,
  toStatusObject,
} from '../../../../src/protocols/grpc/shared/errors.js';
import { statusFromHttp, statusFromReset, statusFromTrailers } from '../../../../src/protocols/grpc/shared/status.js';
import { anotherCopyOf } from '../../../support/another-copy.js';

test('a GrpcError names method, status and detail, and is recognised by its brand', () => {
  const error = new GrpcError(Status.NOT_FOUND, 'no such key', { method: '/kv.KV/Get' });
  assert.equal(error.message, '/kv.KV/Get NOT_FOUND: no such key');
  assert.equal(error.name, 'GrpcError');
  assert.equal(error.code, 'ERR_GRPC');
  assert.equal(error.statusName, 'NOT_FOUND');
  assert.ok(GrpcError.is(error) && PluginError.is(error));
  assert.ok(!GrpcError.is(new PluginCallError('ERR_PING', 'x')) && !GrpcError.is(null));
});

test('trailers give code, decoded message, metadata and status details', () => {
  const trailers = [
    'grpc-status',
    '5',
    'grpc-message',
    'gr%C3%B6%C3%9Fer',
    'extra',
    'yes',
    'grpc-status-details-bin',
    'CAU',
  ];
  const error = errorFromStatus(statusFromTrailers(trailers)!, '/a/b');
  assert.equal(error.status, Status.NOT_FOUND);
  assert.equal(error.detail, 'größer');
  assert.deepEqual(error.metadata.get('extra'), ['yes']);
  assert.deepEqual(error.statusDetails, Buffer.from([8, 5]));
});

for (const text of ['17', '-1', '', 'x', '1e1', '999999', '0x1']) {
  test(`grpc-status ${JSON.stringify(text)} is UNKNOWN`, () => {
    assert.equal(statusFromTrailers(['grpc-status', text])?.code, Status.UNKNOWN);
  });
}

test('trailers without a status are none', () => {
  assert.equal(statusFromTrailers(['grpc-message', 'x']), undefined);
});

const http: readonly [string, number][] = [
  ['400', Status.INTERNAL],
  ['401', Status.UNAUTHENTICATED],
  ['403', Status.PERMISSION_DENIED],
  ['404', Status.UNIMPLEMENTED],
  ['429', Status.UNAVAILABLE],
  ['503', Status.UNAVAILABLE],
  ['200', Status.UNKNOWN],
  ['500', Status.UNKNOWN],
];
for (const [status, code] of http) {
  test(`HTTP status ${status} without a gRPC status is ${Status[code]}`, () => {
    const result = statusFromHttp([':status', status, 'content-type', 'text/html']);
    assert.equal(result.code, code);
    assert.match(result.detail, new RegExp(`${status}.*text/html`));
  });
}

const resets: readonly [number, number][] = [
  [0, Status.INTERNAL],
  [1, Status.INTERNAL],
  [7, Status.UNAVAILABLE],
  [8, Status.CANCELLED],
  [11, Status.RESOURCE_EXHAUSTED],
  [12, Status.PERMISSION_DENIED],
  [13, Status.INTERNAL],
  [99, Status.INTERNAL],
];
for (const [reset, code] of resets) {
  test(`RST_STREAM ${reset} is ${Status[code]}`, () => assert.equal(statusFromReset(reset).code, code));
}

test('a thrown GrpcError and a grpc-js error keep code, details and metadata', () => {
  const metadata = new Metadata();
  metadata.set('k', 'v');
  const own = new GrpcError(Status.ABORTED, 'why', { metadata });
  assert.deepEqual(toStatusObject(own), { code: Status.ABORTED, details: 'why', metadata });
  const foreign = Object.assign(new Error('3 INVALID: bad'), { code: 3, details: 'bad', metadata });
  assert.deepEqual(toStatusObject(foreign), { code: Status.INVALID_ARGUMENT, details: 'bad', metadata });
  assert.equal(toStatusObject({ code: 5, details: 'gone' }).code, Status.NOT_FOUND);
  const withMetadata = toStatusObject({ code: 5, message: 'gone', metadata });
  assert.deepEqual(withMetadata, { code: Status.NOT_FOUND, details: 'gone', metadata });
});

const ABORT = "Object.assign(new Error('stop'), { name: 'AbortError' })";

const thrown: readonly [string, unknown, number, string][] = [
  ['a plain Error', new Error('boom', { cause: 'secret' }), Status.UNKNOWN, 'boom'],
  ['a text', 'boom', Status.UNKNOWN, 'boom'],
  ['undefined', undefined, Status.UNKNOWN, 'undefined'],
  ['a bare object', { secret: 1 }, Status.UNKNOWN, 'an object was thrown that is not an Error'],
  ['an object without prototype', Object.create(null), Status.UNKNOWN, 'an object was thrown that is not an Error'],
  [
    'an error of the system',
    Object.assign(new Error('ENOENT'), { code: 'ENOENT', path: '/x' }),
    Status.UNKNOWN,
    'ENOENT',
  ],
  ['an exit code', Object.assign(new Error('exit 14'), { code: 14, stderr: '' }), Status.UNKNOWN, 'exit 14'],
  ['a code of a database', { code: 5, message: 'no', details: { sql: 'x' } }, Status.UNKNOWN, 'no'],
  ['a code with a fraction', { code: 5.5, details: 'x', message: 'y' }, Status.UNKNOWN, 'y'],
  ['an abort of another realm', runInNewContext(ABORT), Status.CANCELLED, 'stop'],
  ['a failure that calls itself OK', { code: 0, details: 'x' }, Status.UNKNOWN, 'x'],
  ['an unknown code', { code: 77, details: 'x' }, Status.UNKNOWN, 'x'],
  ['an exceeded limit', new ProtocolError('ERR_LIMIT_EXCEEDED', 'big'), Status.RESOURCE_EXHAUSTED, 'big'],
  ['an abort', new DOMException('stop', 'AbortError'), Status.CANCELLED, 'stop'],
  ['a timeout', new DOMException('late', 'TimeoutError'), Status.DEADLINE_EXCEEDED, 'late'],
];
for (const [what, value, code, details] of thrown) {
  test(`${what} travels as ${Status[code]}`, () => {
    const status = toStatusObject(value);
    assert.deepEqual({ ...status, metadata: status.metadata.toJSON() }, { code, details, metadata: {} });
    assert.equal(toGrpcError(value, '/a/b').cause, value);
  });
}

test('what is thrown and cannot be read travels as UNKNOWN', () => {
  const refuse = () => assert.fail('read');
  const { code, details } = toStatusObject(new Proxy({}, { has: refuse, get: refuse }));
  assert.deepEqual([code, details], [Status.UNKNOWN, 'an object was thrown whose properties cannot be read']);
});

test('metadata of another copy of grpc-js goes with its error', () => {
  const { Metadata: Foreign } = anotherCopyOf('@grpc/grpc-js/build/src/metadata.js') as { Metadata: typeof Metadata };
  const metadata = new Foreign();
  assert.notEqual(Foreign, Metadata);
  metadata.add('k', 'v');
  metadata.add('k', 'w');
  metadata.add('k-bin', Buffer.of(1, 2));
  for (const failure of [
    { code: 5, details: 'x', metadata },
    new GrpcError(Status.NOT_FOUND, 'x', { metadata }),
    { code: 5, message: 'x', metadata },
  ]) {
    const status = toStatusObject(failure);
    assert.ok(status.metadata instanceof Metadata);
    assert.deepEqual([status.code, status.details], [Status.NOT_FOUND, 'x']);
    assert.deepEqual(status.metadata.toJSON(), { k: ['v', 'w'], 'k-bin': [Buffer.of(1, 2)] });
  }
});
