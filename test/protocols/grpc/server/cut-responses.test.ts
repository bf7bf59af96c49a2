import assert from 'node:assert/strict';
import { Metadata, status } from '@grpc/grpc-js';
import { GrpcError } from '../../../../src/protocols/grpc/shared/errors.js';
import { createLogger, type LogRecord } from '../../../../src/wire/logs/logger.js';
import { test } from '../../../support/grpc-servers.js';
import { failureOf, type KV, serveKv } from '../../../support/kv-server.js';

/** What the caller gets of a handler's failure, and what the server logs of it. */
async function outcomeOf(failure: GrpcError) {
  const records: LogRecord[] = [];
  const logger = createLogger({ write: (record) => records.push(record) });
  await using peer = await serveKv({ get: (() => Promise.reject(failure)) as KV['get'] }, { logger });
  const { code, details, metadata } = await failureOf(peer.unary('get', {}));
  assert.equal(code, status.NOT_FOUND);
  return { details, metadata, told: records.map(({ level, message, fields }) => [level, message, fields]) };
}

const method = '/kv.v1.KV/Get';

function metadataOf(entries: Readonly<Record<string, string>>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(entries)) metadata.set(name, value);
  return metadata;
}

test('the message of a failed call is cut at 4096 characters, and the log says so', async () => {
  const { details, told } = await outcomeOf(new GrpcError(status.NOT_FOUND, 'x'.repeat(5000)));
  assert.equal(details, `${'x'.repeat(4095)}…`);
  assert.deepEqual(told, [['warn', 'the message of a failed call was cut', { method, chars: 5000, maxChars: 4096 }]]);
});

test('metadata above 32 KiB of a failed call is left out, and the log says so, with both sizes', async () => {
  const large = metadataOf({ 'x-large': 'y'.repeat(33_000) });
  const { details, metadata, told } = await outcomeOf(new GrpcError(status.NOT_FOUND, 'none', { metadata: large }));
  assert.deepEqual([details, metadata?.get('x-large')], ['none', []]);
  const error = `The metadata of a response of ${method} has 33039 bytes, at most 32768 can be sent.`;
  assert.deepEqual(told, [['warn', 'the metadata of a failed call was left out', { method, error }]]);
});

test('metadata whose name is not free is left out, and the log says so at debug', async () => {
  const passedOn = metadataOf({ 'keep-alive': 'timeout=5', 'x-kept': 'yes' });
  const { metadata, told } = await outcomeOf(new GrpcError(status.NOT_FOUND, 'none', { metadata: passedOn }));
  assert.deepEqual([metadata?.get('keep-alive'), metadata?.get('x-kept')], [[], ['yes']]);
  const message = 'metadata was left out: its name belongs to gRPC or HTTP/2';
  assert.deepEqual(told, [['debug', message, { method, name: 'keep-alive' }]]);
});
