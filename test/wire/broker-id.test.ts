import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OptionsError, ProtocolError } from '../../src/errors.js';
import { BROKER_ID_BYTES, decodeBrokerId, encodeBrokerId } from '../../src/wire/broker-id.js';

// What go-plugin's MuxBroker puts on the wire: binary.Write(…, binary.LittleEndian, id).
for (const [id, hex] of [
  [0, '00000000'],
  [1, '01000000'],
  [258, '02010000'],
  [0x01020304, '04030201'],
  [0x80000000, '00000080'],
  [0xffffffff, 'ffffffff'],
] as const) {
  test(`writes and reads ${id} as ${hex}`, () => {
    assert.equal(Buffer.from(encodeBrokerId(id)).toString('hex'), hex);
    assert.equal(decodeBrokerId(Buffer.from(hex, 'hex')), id);
  });
}

test('agrees with a DataView on every id', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (id) => {
      const expected = new DataView(new ArrayBuffer(BROKER_ID_BYTES));
      expected.setUint32(0, id, true);
      assert.deepEqual(encodeBrokerId(id), new Uint8Array(expected.buffer));
      assert.equal(decodeBrokerId(encodeBrokerId(id)), id);
    }),
  );
});

for (const id of [-1, 2 ** 32, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
  test(`refuses to write ${id}`, () => {
    assert.throws(() => encodeBrokerId(id), OptionsError);
  });
}

for (const bytes of [0, 1, 3, 5, 8]) {
  test(`refuses to read ${bytes} bytes`, () => {
    assert.throws(
      () => decodeBrokerId(new Uint8Array(bytes)),
      (error) =>
        error instanceof ProtocolError && error.code === 'ERR_BAD_FRAME' && error.message.includes(`${bytes} bytes`),
    );
  });
}
