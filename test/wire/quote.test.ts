import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quoteText } from '../../src/wire/quote.js';

test('characters that cannot be seen are shown as escapes', () => {
  for (const [text, shown] of [
    ['\uFEFF1|1', '"\\ufeff1|1"'],
    ['a\u200Bb\u200Dc\u2060d', '"a\\u200bb\\u200dc\\u2060d"'],
    ['\u202Eabc\u061C', '"\\u202eabc\\u061c"'],
    ['a\u00A0b\u3000c d', '"a\\u00a0b\\u3000c d"'],
    ['a\u00ADb\u{E0041}', '"a\\u00adb\\u{e0041}"'],
    ['\u001B[2J\u009B\u2028', '"\\u001b[2J\\u009b\\u2028"'],
  ] as const)
    assert.equal(quoteText(text), shown);
});

test('what can be seen stays as it is', () => {
  const text = 'grüße 😀 日本 e\u0301 |';
  assert.equal(quoteText(text), `"${text}"`);
});
