import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metadata } from '@grpc/grpc-js';
import fc from 'fast-check';
import { appendMetadata, headerOf, metadataFrom } from '../../../../src/protocols/grpc/shared/metadata.js';

function listOf(metadata: Metadata): string[] {
  const headers: string[] = [];
  appendMetadata(headers, metadata);
  return headers;
}

test('metadata becomes one header per value, binary values in unpadded base64', () => {
  const metadata = new Metadata();
  metadata.add('Trace', 'one');
  metadata.add('trace', 'two');
  metadata.add('blob-bin', Buffer.from([1]));
  metadata.add('empty-bin', Buffer.alloc(0));
  assert.deepEqual(listOf(metadata), ['trace', 'one', 'trace', 'two', 'blob-bin', 'AQ', 'empty-bin', '']);
});

test('headers that are not the caller’s to set are left out', () => {
  const metadata = new Metadata();
  for (const name of [
    ':path',
    'te',
    'content-type',
    'grpc-timeout',
    'grpc-status',
    'connection',
    'host',
    'user-agent',
  ]) {
    metadata.set(name, 'x');
  }
  metadata.set('grpc-status-details-bin', Buffer.from('d'));
  assert.deepEqual(listOf(metadata), ['grpc-status-details-bin', 'ZA']);
});

test('received binary values may be padded or not, and several in one header', () => {
  const metadata = metadataFrom([':status', '200', 'a-bin', 'AQ==', 'a-bin', 'Ag', 'b-bin', 'AQ==, Ag,Aw']);
  assert.deepEqual(metadata.get('a-bin'), [Buffer.from([1]), Buffer.from([2])]);
  assert.deepEqual(metadata.get('b-bin'), [Buffer.from([1]), Buffer.from([2]), Buffer.from([3])]);
});

test('what is reserved or cannot be metadata is dropped, not fatal', () => {
  const headers = [
    ':status',
    '200',
    'content-type',
    'application/grpc',
    'grpc-status',
    '0',
    'x',
    'wörld',
    'bad name',
    'v',
  ];
  assert.deepEqual(metadataFrom([...headers, 'good', 'yes']).toJSON(), { good: ['yes'] });
});

test('metadata survives the way there and back', () => {
  const ascii = fc.string({ unit: fc.constantFrom(...'abcXYZ 09~!-,%'.split('')) });
  const value = fc.record({ text: ascii, bytes: fc.uint8Array() });
  fc.assert(
    fc.property(fc.array(value), (values) => {
      const metadata = new Metadata();
      for (const { text, bytes } of values) {
        metadata.add('text', text);
        metadata.add('bytes-bin', Buffer.from(bytes));
      }
      assert.deepEqual(metadataFrom(listOf(metadata)).toJSON(), metadata.toJSON());
    }),
  );
});

test('a header is found by its name, the first one wins', () => {
  assert.equal(headerOf(['a', 'b', 'b', 'c', 'b', 'd'], 'b'), 'c');
  assert.equal(headerOf(['a', 'b'], 'x'), undefined);
});
