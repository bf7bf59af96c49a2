import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyJson } from '../../../src/cli/net-rpc/any-json.js';
import { parseGoType } from '../../../src/cli/net-rpc/parse-go-type.js';
import { createGobDecoder, createGobEncoder, type GobSchema, gob } from '../../../src/wire/gob/index.js';

/** JSON through gob and back, as a reply that describes itself. */
function echo(type: string, json: unknown): unknown {
  const { schema, fromJson } = parseGoType(type);
  const bytes = createGobEncoder().encode(schema, fromJson(json, 'the request'));
  return anyJson(decoded(gob.any, bytes));
}

function decoded(schema: GobSchema, bytes: Uint8Array): unknown {
  const decoder = createGobDecoder();
  decoder.push(bytes);
  return decoder.next(schema);
}

test('values of every kind go through gob and come back as the same JSON', () => {
  for (const [type, json] of [
    ['string', 'é'],
    ['bool', true],
    ['int', -7],
    ['uint8', 255],
    ['int64', '9223372036854775807'],
    ['uint64', '18446744073709551615'],
    ['float64', 0.5],
    ['[]byte', 'MQ=='],
    ['[]string', ['a', 'b']],
    ['[3]int16', [1, 2, 3]],
    ['map[string]int', { a: 1 }],
    ['map[int][]string', { '-3': ['x'] }],
    ['struct{}', {}],
    ['struct{ A, B int; C *string `json:"c"`; D struct{ E []byte } }', { A: 1, B: 2, C: 'x', D: { E: 'AA==' } }],
    ['struct {\n  Key string\n  Any interface {}\n}\n', { Key: 'k', Any: 'text' }],
    ['*[]map[string]struct{ X rune }', [{ a: { X: 8364 } }]],
  ] as const) {
    assert.deepEqual(echo(type, json), json, type);
  }
});

test('fields that the JSON leaves out are zero, a time is a text', () => {
  const { schema, fromJson } = parseGoType('struct{ Key string; N int64; P *int; T time.Time }');
  const value = fromJson({ T: '2030-01-02T03:04:05Z' }, 'the request');
  const bytes = createGobEncoder().encode(schema, value);
  assert.deepEqual(anyJson(decoded(schema, bytes)), { Key: '', N: '0', P: null, T: '2030-01-02T03:04:05.000Z' });
});

for (const [type, expected] of [
  ['', 'expected a type, got the end.'],
  ['strin', "expected a type that is no name of the plugin's own: write struct{…} for strin, got strin."],
  ['[x]int', 'expected ] or a length, got x.'],
  ['map[string', 'expected ], got the end.'],
  ['struct{ key string }', 'expected a field that begins with an upper-case letter, got key.'],
  ['struct{ A int B int }', 'expected ;, got B.'],
  ['struct{ A int', 'expected ;, got the end.'],
  ['int int', 'expected the end, got int.'],
  ['int!', 'cannot read !.'],
  ['*'.repeat(200), 'more than 100 levels deep'],
] as const) {
  test(`${JSON.stringify(type.slice(0, 30))} is no Go type`, () => {
    assert.throws(
      () => parseGoType(type),
      (error: Error) => {
        assert.equal(error.name, 'UsageError');
        assert.ok(error.message.includes(expected), error.message);
        return true;
      },
    );
  });
}

for (const [type, json, expected] of [
  ['string', 7, 'Expected it to be a string, got 7.'],
  ['uint8', 256, 'Expected it to be an integer from 0 to 255, got 256.'],
  ['int64', 2 ** 60, 'in quotes where it is beyond 2^53, got 1152921504606847000.'],
  ['uint', '18446744073709551616', 'Expected it to be an integer from 0 to 18446744073709551615'],
  ['[]byte', '!', 'Expected it to be bytes in base64, got "!".'],
  ['[2]int', [1], 'Expected it to be a list of 2, got [1].'],
  ['struct{ A []int }', { A: [1, 'x'] }, 'Expected it.A[1] to be an integer'],
  ['struct{ A int }', { B: 1 }, 'it has no field "B". It has A.'],
  ['map[string]bool', { x: 1 }, 'Expected it.x to be true or false, got 1.'],
  ['time.Time', 'soon', 'Expected it to be a time, as 2030-01-02T03:04:05Z, got "soon".'],
] as const) {
  test(`${JSON.stringify(json)} is no ${type}`, () => {
    assert.throws(
      () => parseGoType(type).fromJson(json, 'it'),
      (error: Error) => {
        assert.equal(error.name, 'UsageError');
        assert.ok(error.message.includes(expected), error.message);
        return true;
      },
    );
  });
}
