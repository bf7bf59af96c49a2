import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonErrorPosition } from '../../../src/cli/schema/json-position.js';

test('a text has an error exactly where JSON.parse refuses it', () => {
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"\\u00e9"',
    '"\\x"',
    '"',
    '1',
    '-0.5e3',
    '01',
    'true',
    'nul',
    ' ',
    '\n',
    '\t',
  ];
  const texts = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((all) => all.join(''));
  fc.assert(
    fc.property(fc.oneof(texts, fc.json()), (text) => {
      let isJson = true;
      try {
        JSON.parse(text);
      } catch {
        isJson = false;
      }
      assert.equal(jsonErrorPosition(text) === undefined, isJson, JSON.stringify(text));
    }),
    { numRuns: 20_000 },
  );
});

test('the place is that of the first character that cannot stand there', () => {
  for (const [text, line, column] of [
    ['', 1, 1],
    ['{"a":1,}', 1, 8],
    ['{\n  "a": [1,\n   x]}', 3, 4],
    ['{"a" 1}', 1, 6],
    ['[1 2]', 1, 4],
    ['{} {}', 1, 4],
    ["{'a':1}", 1, 2],
  ] as const) {
    assert.deepEqual(jsonErrorPosition(text), { line, column }, text);
  }
});

test('depth costs no stack', () => {
  assert.deepEqual(jsonErrorPosition('['.repeat(200_000)), { line: 1, column: 200_001 });
});
