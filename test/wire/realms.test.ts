/** Values of another realm, as Jest and `node:vm` make them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { resolveMetadata } from '../../src/protocols/grpc/shared/metadata.js';
import { isUint8Array } from '../../src/wire/bytes.js';
import { createGobEncoder, type GobSchema, gob } from '../../src/wire/gob/index.js';
import { isPlainObject } from '../../src/wire/plain-object.js';

test('metadata may be an object of another realm, with bytes of another', () => {
  const given = runInNewContext("({ name: 'value', 'key-bin': new Uint8Array([1, 2]) })") as Record<string, string>;
  const metadata = resolveMetadata('metadata', given);
  assert.deepEqual(metadata?.get('name'), ['value']);
  assert.deepEqual(metadata?.get('key-bin'), [Buffer.of(1, 2)]);
});

test('gob encodes bytes and objects of another realm', () => {
  const encoded = <T>(schema: GobSchema<T>, value: unknown) =>
    Buffer.from(createGobEncoder().encode(schema, value as T));
  const foreign: unknown = runInNewContext("({ bytes: new Uint8Array([7]), text: 'x' })");
  assert.deepEqual(encoded(gob.any, foreign), encoded(gob.any, { bytes: Uint8Array.of(7), text: 'x' }));
  assert.deepEqual(encoded(gob.bytes, runInNewContext('new Uint8Array([7])')), encoded(gob.bytes, Uint8Array.of(7)));
});

test('what only looks like bytes, or like an object of names, is neither', () => {
  for (const value of [[7], new Uint16Array(1), new ArrayBuffer(1), { [Symbol.toStringTag]: 'Uint8Array' }, 'x', null])
    assert.equal(isUint8Array(value), false);
  for (const value of [new Map(), new (class A {})(), [], new Date(), () => {}, 'x', null, undefined])
    assert.equal(isPlainObject(value), false);
  for (const value of [{}, Object.create(null)]) assert.equal(isPlainObject(value), true);
});
