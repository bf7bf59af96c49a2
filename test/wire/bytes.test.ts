import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBase64, encodeBase64 } from '../../src/wire/base64.js';
import { decodeUtf8, encodeUtf8 } from '../../src/wire/bytes.js';

test('text goes through UTF-8 unchanged, byte order mark included', () => {
  assert.equal(decodeUtf8(encodeUtf8('\uFEFFgrüße 😀')), '\uFEFFgrüße 😀');
  assert.equal(decodeUtf8(Uint8Array.of(0x61, 0xff, 0x62)), 'a\uFFFDb');
});

test('property: base64 is what node:buffer makes, without padding', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (value) => {
      const text = encodeBase64(value);
      assert.equal(text, Buffer.from(value).toString('base64').replaceAll('=', ''));
      assert.deepEqual(decodeBase64(text), value);
    }),
  );
});

test('base64 that is padded, spaced, foreign or of impossible length is refused', () => {
  for (const text of ['YQ==', 'YWI=', 'YW Jj', 'YW-j', 'YW_j', 'Y', 'YWJjZ', 'YWJ\u0141', '=', 'YWJj\n']) {
    assert.equal(decodeBase64(text), undefined, JSON.stringify(text));
  }
  assert.deepEqual(decodeBase64(''), new Uint8Array(0));
});

test('property: base64 decoding agrees with a naive oracle for any text', () => {
  const text = fc.string({
    unit: fc.constantFrom('A', 'Z', 'a', '0', '9', '+', '/', '=', '-', ' ', '\u00e9'),
    maxLength: 12,
  });
  fc.assert(
    fc.property(text, (value) => {
      const valid = /^[A-Za-z0-9+/]*$/.test(value) && value.length % 4 !== 1;
      const expected = valid ? new Uint8Array(Buffer.from(value, 'base64')) : undefined;
      assert.deepEqual(decodeBase64(value), expected);
    }),
  );
});
