import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonValues } from '../../../src/cli/schema/json-values.js';

async function valuesOf(...chunks: (Buffer | string)[]): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const value of jsonValues(
    (async function* () {
      yield* chunks;
    })(),
  ))
    found.push(value);
  return found;
}

test('values stand one after another, on lines or not, in chunks of any size', async () => {
  const text = '{"a":"}\\"{"}\n{"b":[1,{"c":2}]} {"d":null}\n\n7 "x"\n"y z" true';
  const expected = [{ a: '}"{' }, { b: [1, { c: 2 }] }, { d: null }, 7, 'x', 'y z', true];
  assert.deepEqual(await valuesOf(text), expected);
  assert.deepEqual(await valuesOf(...text.split('')), expected);
});

test('a character is put together from two chunks of bytes', async () => {
  const bytes = Buffer.from('{"a":"é"}');
  const at = bytes.indexOf(0xc3) + 1;
  assert.deepEqual(await valuesOf(bytes.subarray(0, at), bytes.subarray(at)), [{ a: 'é' }]);
});

test('nothing has no values, and blanks have none', async () => {
  assert.deepEqual(await valuesOf(), []);
  assert.deepEqual(await valuesOf(' \n\t'), []);
});

test('values before a wrong one are given, and the error says what is wrong', async () => {
  const values = jsonValues(
    (async function* () {
      yield '{"a":1}\n{"b":}';
    })(),
  );
  assert.deepEqual((await values.next()).value, { a: 1 });
  await assert.rejects(values.next(), { name: 'UsageError', message: /^The request is no JSON: / });
});

test('a value that does not end is an error', async () => {
  await assert.rejects(valuesOf('{"a":1}{"b"'), { name: 'UsageError' });
});
