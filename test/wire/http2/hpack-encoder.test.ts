import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { OptionsError } from '../../../src/errors.js';
import { HpackDecoder } from '../../../src/wire/http2/hpack-decoder.js';
import { HpackEncoder } from '../../../src/wire/http2/hpack-encoder.js';

const REQUEST = [':method', 'POST', ':scheme', 'http', ':path', '/kv.KV/Get', ':authority', 'unused', 'te', 'trailers'];
const octets = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength });
const field = fc.tuple(
  fc.oneof(fc.constantFrom(':path', 'te', 'x-a', 'x-b', 'authorization', 'content-type'), octets(40)),
  fc.oneof(fc.constantFrom('', 'trailers', 'application/grpc', 'Bearer x'), octets(700)),
);
const list = fc.array(field, { maxLength: 12 }).map((fields) => fields.flat());

suite('round trip', () => {
  for (const huffman of [false, true]) {
    test(`what it encodes ${huffman ? 'with' : 'without'} Huffman decodes to the same lists`, () => {
      const tableBytes = fc.option(fc.integer({ min: 0, max: 8192 }), { nil: undefined, freq: 4 });
      fc.assert(
        fc.property(fc.array(fc.tuple(list, tableBytes), { maxLength: 20 }), (steps) => {
          const encoder = new HpackEncoder({ huffman });
          const decoder = new HpackDecoder({ maxListBytes: 1 << 20 });
          for (const [headers, bytes] of steps) {
            if (bytes !== undefined) encoder.setPeerTableBytes(bytes);
            for (let turn = 0; turn < 3; turn += 1) {
              const block = encoder.encode(headers);
              assert.deepEqual(decoder.decode(block, 0, block.length), headers);
            }
          }
        }),
        { numRuns: 300 },
      );
    });
  }
});

test('a request that repeats shrinks to one byte for each field, encoded once', () => {
  const encoder = new HpackEncoder();
  encoder.encode(REQUEST);
  encoder.encode(REQUEST);
  assert.equal(encoder.encode(REQUEST).length, REQUEST.length / 2);
  const fourth = encoder.encode([...REQUEST]);
  assert.equal(fourth.length, REQUEST.length / 2);
  assert.equal(encoder.encode([...REQUEST]), fourth);
});

test('fields that differ in every list stay literals and leave the table alone', () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder({ maxListBytes: 1 << 20 });
  for (let call = 0; call < 1000; call += 1) {
    const headers = [...REQUEST, 'grpc-timeout', `${call}m`];
    const block = encoder.encode(headers);
    assert.deepEqual(decoder.decode(block, 0, block.length), headers);
    if (call < 2) continue;
    // One byte for each known field; name index or name, value length, value.
    assert.ok(block.length <= REQUEST.length / 2 + 15 + 5, `${block.length} bytes in call ${call}`);
  }
});

test('does not evict: what does not fit stays literal', () => {
  const encoder = new HpackEncoder({ maxTableBytes: 4096 });
  const decoder = new HpackDecoder({ maxListBytes: 1 << 20 });
  const paths = Array.from({ length: 100 }, (_, index) => `/kv.KV/Method${index}`);
  const sizes = new Map<string, number>();
  for (let turn = 0; turn < 5; turn += 1) {
    for (const path of paths) {
      const block = encoder.encode([':path', path]);
      assert.deepEqual(decoder.decode(block, 0, block.length), [':path', path]);
      sizes.set(path, block.length);
    }
  }
  const indexed = [...sizes.values()].filter((bytes) => bytes <= 2).length;
  assert.ok(indexed > 60, `${indexed} of 100 paths are indexed`);
});

test('secrets are literals that no hop may index', () => {
  const encoder = new HpackEncoder();
  for (let turn = 0; turn < 3; turn += 1) {
    const block = encoder.encode(['authorization', 'Bearer x', 'cookie', 'a=b']);
    assert.equal(block[0]! & 0xf0, 0x10);
    assert.equal(block.length, 2 + 1 + 8 + 2 + 1 + 3);
  }
});

test('announces a table size of the peer that differs from its own at the next block', () => {
  const encoder = new HpackEncoder();
  for (let turn = 0; turn < 3; turn += 1) encoder.encode(['x-a', 'b']);
  encoder.setPeerTableBytes(0);
  assert.deepEqual([...encoder.encode(['te', 'trailers'])].slice(0, 2), [0x20, 0x20]);
  const literal = encoder.encode(['x-a', 'b']);
  assert.equal(literal.length, 1 + 4 + 2);
  encoder.setPeerTableBytes(65_536);
  const decoder = new HpackDecoder({ maxListBytes: 1024 });
  const block = encoder.encode(['x-a', 'b']);
  assert.deepEqual([...block].slice(0, 4), [0x20, 0x3f, 0xe1, 0x1f]);
  assert.deepEqual(decoder.decode(block, 0, block.length), ['x-a', 'b']);
});

test('says nothing when the peer confirms the size in use', () => {
  const encoder = new HpackEncoder();
  encoder.setPeerTableBytes(4096);
  encoder.setPeerTableBytes(65_536);
  assert.deepEqual([...encoder.encode([':method', 'POST'])], [0x83]);
});

test('refuses a character that is no octet, and is usable afterwards', () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder({ maxListBytes: 1024 });
  for (let turn = 0; turn < 3; turn += 1) {
    assert.throws(() => encoder.encode(['x-a', 'b', 'x-c', '\u0100']), OptionsError);
    const block = encoder.encode(['x-a', 'b']);
    assert.deepEqual(decoder.decode(block, 0, block.length), ['x-a', 'b']);
  }
});
