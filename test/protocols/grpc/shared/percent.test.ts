import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeGrpcMessage, encodeGrpcMessage } from '../../../../src/protocols/grpc/shared/percent.js';

const cases: readonly [text: string, wire: string][] = [
  ['', ''],
  ['plain text: with ~ and "quotes"', 'plain text: with ~ and "quotes"'],
  ['100 %', '100 %25'],
  ['a\nb', 'a%0Ab'],
  ['größer', 'gr%C3%B6%C3%9Fer'],
  ['😀', '%F0%9F%98%80'],
];
for (const [text, wire] of cases) {
  test(`${JSON.stringify(text)} travels as ${JSON.stringify(wire)}`, () => {
    assert.equal(encodeGrpcMessage(text), wire);
    assert.equal(decodeGrpcMessage(wire), text);
  });
}

test('ill-formed escapes are kept and lower case is accepted', () => {
  assert.equal(decodeGrpcMessage('5% of %zz %'), '5% of %zz %');
  assert.equal(decodeGrpcMessage('%c3%b6'), 'ö');
  assert.equal(decodeGrpcMessage('%FF'), '\ufffd');
  assert.equal(decodeGrpcMessage('ö%41'), 'öA');
});

test('every text survives, and what travels is printable ASCII', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const wire = encodeGrpcMessage(text);
      assert.match(wire, /^[ -~]*$/);
      assert.equal(decodeGrpcMessage(wire), text);
    }),
  );
});
