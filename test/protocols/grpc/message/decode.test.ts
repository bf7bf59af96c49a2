import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { decoderOf } from '../../../../src/protocols/grpc/message/decode.js';
import type { AnyMessageType } from '../../../../src/protocols/grpc/message/encode.js';
import { EMPTY_BYTES } from '../../../../src/wire/bytes.js';
import { Payload } from '../../../conformance/gen/probe.js';
import { SimpleRequest } from '../../../interop/grpc/gen/grpc/testing/test.js';

const type = Payload as AnyMessageType;
const OTHERS = Buffer.from(Payload.encode({ data: Buffer.alloc(50, 0xff), number: 0xffffffff }).finish());

/** Decodes a message that lies between two others. */
function decodeAmong(of: AnyMessageType, message: Uint8Array): unknown {
  const bytes = Buffer.concat([OTHERS, message, OTHERS]);
  return decoderOf(of)(bytes, OTHERS.length, OTHERS.length + message.length);
}

/** Every kind of field, one after the other, encoded and decoded as generated code does. */
const everyKind = {
  fromPartial: (input: unknown) => input,
  encode: (_message: unknown, writer = new BinaryWriter()) => {
    writer.uint32(7).int32(-7).sint32(-8).bool(true).float(1.5).double(-2.25).fixed32(9).sfixed32(-9).string('ä');
    return writer
      .uint64('99')
      .int64('-5')
      .sint64('-6')
      .fixed64('77')
      .sfixed64('-77')
      .bytes(Uint8Array.of(1, 2, 3));
  },
  decode(input: BinaryReader | Uint8Array, length?: number): unknown[] {
    const reader = input instanceof BinaryReader ? input : new BinaryReader(input);
    const end = length === undefined ? reader.len : reader.pos + length;
    const first = [reader.uint32(), reader.int32(), reader.sint32(), reader.bool(), reader.float(), reader.double()];
    const second = [reader.fixed32(), reader.sfixed32(), reader.string(), String(reader.uint64())];
    const third = [reader.int64(), reader.sint64(), reader.fixed64(), reader.sfixed64()].map(String);
    const message = [...first, ...second, ...third, [...reader.bytes()]];
    if (reader.pos < end) throw new Error('something is left');
    return message;
  },
};

test('a message between others is decoded as it is alone, with every kind of field', () => {
  const bytes = everyKind.encode(undefined).finish();
  const alone = everyKind.decode(bytes);
  assert.deepEqual(alone.slice(0, 6), [7, -7, -8, true, 1.5, -2.25]);
  assert.deepEqual(decodeAmong(everyKind as unknown as AnyMessageType, bytes), alone);
});

test('messages one behind the other in the same bytes are decoded as they were encoded', () => {
  const message = fc.record({ data: fc.uint8Array({ maxLength: 300 }), number: fc.nat() });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 20 }), (messages) => {
      const encoded = messages.map((one) => Payload.encode(one).finish());
      const bytes = Buffer.concat(encoded);
      let at = 0;
      const decode = decoderOf(type);
      const decoded = encoded.map(({ length }) => {
        at += length;
        const { data, number } = decode(bytes, at - length, at) as Payload;
        return { data: new Uint8Array(data), number };
      });
      assert.deepEqual(
        decoded,
        messages.map((one) => ({ ...one })),
      );
    }),
  );
});

/** The result, or that the function throws. */
function outcome(work: () => unknown): unknown {
  try {
    return work();
  } catch {
    return 'thrown';
  }
}

test('a message that is cut or broken anywhere decodes or fails as it does alone, whatever follows it', () => {
  const request = SimpleRequest.fromPartial({
    responseSize: 314159,
    payload: { body: Buffer.alloc(40, 0x81) },
    responseStatus: { code: 2, message: 'a status' },
  });
  const types: [AnyMessageType, Uint8Array][] = [
    [SimpleRequest as AnyMessageType, SimpleRequest.encode(request).finish()],
    [everyKind as unknown as AnyMessageType, everyKind.encode(undefined).finish()],
  ];
  for (const [of, bytes] of types) {
    for (let length = 0; length <= bytes.length; length += 1) {
      const cut = Buffer.from(bytes.slice(0, length));
      assert.deepEqual(
        outcome(() => decodeAmong(of, cut)),
        outcome(() => of.decode(cut)),
        `the first ${length} bytes`,
      );
    }
    for (let at = 0; at < bytes.length; at += 1) {
      const broken = Buffer.from(bytes.map((byte, index) => (index === at ? byte ^ 0xff : byte)));
      assert.deepEqual(
        outcome(() => decodeAmong(of, broken)),
        outcome(() => of.decode(broken)),
        `byte ${at}`,
      );
    }
  }
});

test('a decoder that takes no reader, or only the reader of another copy of the library, gets the bytes of its message', () => {
  const bytesOnly = { ...type, decode: (bytes: Uint8Array) => [...bytes] };
  assert.deepEqual(decodeAmong(bytesOnly, Uint8Array.of(1, 2, 3)), [1, 2, 3]);
  class OtherReader {
    readonly len: number;
    readonly first: number | undefined;
    constructor(bytes: Uint8Array) {
      this.len = bytes.length;
      this.first = bytes[0];
    }
  }
  const otherCopy = {
    ...type,
    decode(input: OtherReader | Uint8Array, _length?: number): unknown {
      const reader = input instanceof OtherReader ? input : new OtherReader(input);
      return [reader.len, reader.first];
    },
  };
  assert.deepEqual(decodeAmong(otherCopy as unknown as AnyMessageType, Uint8Array.of(4, 5)), [2, 4]);
});

test('after a decoder that throws, or decodes another message meanwhile, messages are decoded', () => {
  const message = Payload.encode({ data: Buffer.from('abc'), number: 5 }).finish();
  const within = {
    ...type,
    decode(input: BinaryReader | Uint8Array, length?: number): unknown {
      if (input instanceof BinaryReader && length === 1) return Payload.decode(input, length);
      decodeAmong(type, OTHERS);
      return Payload.decode(input as BinaryReader, length);
    },
  };
  assert.throws(() => decodeAmong(type, Uint8Array.of(10, 200)));
  assert.equal((decodeAmong(within as unknown as AnyMessageType, message) as Payload).number, 5);
  assert.equal((decodeAmong(type, message) as Payload).number, 5);
  assert.equal((decoderOf(type)(EMPTY_BYTES, 0, 0) as Payload).number, 0);
});
