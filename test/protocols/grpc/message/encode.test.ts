import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { type AnyMessageType, encodeFramed } from '../../../../src/protocols/grpc/message/encode.js';
import { MessageDecoder } from '../../../../src/protocols/grpc/message/framing.js';
import { blocks } from '../../../../src/transports/http2/flow/block-pool.js';
import { Payload } from '../../../conformance/gen/probe.js';

const type = Payload as AnyMessageType;

function read(framed: Uint8Array): Payload {
  const decoder = new MessageDecoder();
  decoder.push(framed);
  assert.ok(decoder.next() && decoder.byteLength === 0);
  return Payload.decode(decoder.bytes.subarray(decoder.start, decoder.end));
}

test('messages of any size are decoded as they were encoded, and none overwrites another', () => {
  const sizes = [0, 1, 100, 300_000, 5, 70_000, 0];
  const framed = sizes.map((size, number) => encodeFramed(type, { data: Buffer.alloc(size, number), number }));
  framed.map(read).forEach(({ data, number }, index) => {
    assert.equal(number, index);
    assert.ok(Buffer.alloc(sizes[index]!, index).equals(data));
  });
});

test('the memory of a large message is used for the next one once it was released', () => {
  const first = encodeFramed(type, { data: Buffer.alloc(300_000, 1), number: 1 });
  const block = blocks.blockEndingWith(first);
  assert.ok(block !== undefined);
  blocks.release(block);
  const second = encodeFramed(type, { data: Buffer.alloc(200_000, 2), number: 2 });
  assert.equal(second.buffer, first.buffer);
  assert.equal(read(second).number, 2);
});

test('an encoder that takes no writer uses up no buffer of others', () => {
  const foreign = { ...type, encode: (message: unknown) => ({ finish: () => type.encode(message).finish() }) };
  const before = encodeFramed(type, { number: 1 });
  assert.equal(read(encodeFramed(foreign, { number: 2 })).number, 2);
  const after = encodeFramed(type, { number: 3 });
  assert.equal(after.buffer, before.buffer);
  assert.deepEqual([read(before).number, read(after).number], [1, 3]);
});

test('any message is decoded as it was encoded', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1000 }), fc.nat(), (data, number) => {
      assert.deepEqual({ ...read(encodeFramed(type, { data, number })) }, { data, number });
    }),
  );
});

test('after an encoder has thrown the next message is encoded', () => {
  assert.throws(() => encodeFramed(type, { data: 5 }));
  assert.equal(read(encodeFramed(type, { number: 8 })).number, 8);
});

test('a bytes field refuses what is no Uint8Array, and the next message is encoded', () => {
  for (const [data, kind] of [
    [new ArrayBuffer(10), 'ArrayBuffer'],
    [Uint16Array.of(1, 2, 3), 'Uint16Array'],
    [new DataView(new ArrayBuffer(4)), 'DataView'],
    [[1, 2, 3], 'Array'],
    ['text', 'string'],
    [{ length: 3, byteLength: 3 }, 'Object'],
  ] as const) {
    assert.throws(() => encodeFramed(type, { data }), { message: `a bytes field takes a Uint8Array, got ${kind}` });
    assert.deepEqual(
      { ...read(encodeFramed(type, { data: Uint8Array.of(7), number: 8 })) },
      { data: Uint8Array.of(7), number: 8 },
    );
  }
  for (const data of [
    Buffer.from('x'),
    runInNewContext('Uint8Array.of(120)'),
    new Uint8Array(new SharedArrayBuffer(1)).fill(120),
  ]) {
    assert.equal(String(Buffer.from(read(encodeFramed(type, { data })).data)), 'x');
  }
});

test('an encoder that ignores the writer, and one that encodes another message meanwhile, give the right bytes', () => {
  const own: AnyMessageType = {
    fromPartial: (input) => input,
    decode: (bytes) => bytes,
    encode: (message) => ({ finish: () => Payload.encode(message as Payload).finish() }),
  };
  const nested: AnyMessageType = {
    ...own,
    encode(message, writer) {
      encodeFramed(type, { number: 99 });
      return Payload.encode(message as Payload, writer as BinaryWriter);
    },
  };
  for (const strange of [own, nested]) {
    assert.equal(read(encodeFramed(strange, { data: Buffer.from('x'), number: 3 })).number, 3);
    assert.equal(read(encodeFramed(type, { number: 4 })).number, 4);
  }
});
