import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeYamuxHeader,
  encodeYamuxHeader,
  readUint32,
  writeYamuxHeader,
  YAMUX_HEADER_BYTES,
  YamuxFlag,
  YamuxFrameType,
} from '../../../src/wire/yamux/header.js';
import { golden } from './golden.js';

const { data, windowUpdate, ping, goAway } = YamuxFrameType;
const { syn, ack, fin, rst } = YamuxFlag;

/** What each golden frame says, written down by hand from the protocol's tables. */
const MEANING: readonly (readonly [
  name: string,
  type: number,
  flags: number,
  streamId: number,
  length: number,
  payloadBytes: number,
])[] = [
  ['open by the client', windowUpdate, syn, 1, 0, 0],
  ['accept by the server', windowUpdate, ack, 1, 0, 0],
  ['data', data, 0, 1, 5, 5],
  ['header of 140000 bytes of data', data, 0, 1, 140_000, 0],
  ['window update', windowUpdate, 0, 1, 140_005, 0],
  ['ping', ping, syn, 0, 0, 0],
  ['answer to a ping', ping, ack, 0, 0, 0],
  ['half close', windowUpdate, fin, 1, 0, 0],
  ['open by the server', windowUpdate, syn, 2, 0, 0],
  ['accept by the client', windowUpdate, ack, 2, 0, 0],
  ['half close by the server', windowUpdate, fin, 2, 0, 0],
  ['go away', goAway, 0, 0, 0, 0],
  ['reset for a full backlog', windowUpdate, rst, 3, 0, 0],
  ['open with a window of 1 MiB', windowUpdate, syn, 1, 786_432, 0],
  ['accept with a window of 1 MiB', windowUpdate, ack, 1, 786_432, 0],
  ['data of one zero byte on stream 9', data, 0, 9, 1, 1],
];

for (const [name, type, flags, streamId, length, payloadBytes] of MEANING) {
  test(`Y-01 reads and writes Go's bytes: ${name}`, () => {
    const bytes = golden(name);
    assert.equal(bytes.length, YAMUX_HEADER_BYTES + payloadBytes);
    assert.deepEqual(decodeYamuxHeader(bytes), { version: 0, type, flags, streamId, length });
    assert.deepEqual(encodeYamuxHeader({ type, flags, streamId, length }), bytes.slice(0, YAMUX_HEADER_BYTES));
  });
}

const uint32 = fc.integer({ min: 0, max: 0xffffffff });

test('Y-01 agrees with a DataView on every header, at any offset', () => {
  fc.assert(
    fc.property(fc.nat(255), fc.nat(0xffff), uint32, uint32, fc.nat(20), (type, flags, streamId, length, offset) => {
      const expected = new DataView(new ArrayBuffer(offset + YAMUX_HEADER_BYTES + 3));
      expected.setUint8(offset + 1, type);
      expected.setUint16(offset + 2, flags);
      expected.setUint32(offset + 4, streamId);
      expected.setUint32(offset + 8, length);
      const bytes = new Uint8Array(offset + YAMUX_HEADER_BYTES + 3);
      assert.equal(writeYamuxHeader(bytes, offset, type, flags, streamId, length), offset + YAMUX_HEADER_BYTES);
      assert.deepEqual(bytes, new Uint8Array(expected.buffer));
      assert.deepEqual(decodeYamuxHeader(bytes, offset), { version: 0, type, flags, streamId, length });
    }),
  );
});

test('writes the version over whatever stood in the target', () => {
  const bytes = new Uint8Array(YAMUX_HEADER_BYTES).fill(0xff);
  writeYamuxHeader(bytes, 0, ping, ack, 0, 7);
  assert.deepEqual(bytes, encodeYamuxHeader({ type: ping, flags: ack, streamId: 0, length: 7 }));
});

test('reads numbers above 2^31 as unsigned', () => {
  assert.equal(readUint32(Uint8Array.of(0xff, 0xff, 0xff, 0xfe), 0), 4_294_967_294);
});
