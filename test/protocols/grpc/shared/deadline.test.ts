import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatTimeout, parseTimeout } from '../../../../src/protocols/grpc/shared/deadline.js';

const cases: readonly [ms: number, text: string][] = [
  [0, '0m'],
  [-5, '0m'],
  [0.1, '1m'],
  [1500, '1500m'],
  [99_999_999, '99999999m'],
  [100_000_000, '100000S'],
  [100_000_001, '100001S'],
  [1e11, '1666667M'],
  [1e15, '99999999H'],
  [Number.POSITIVE_INFINITY, '99999999H'],
];
for (const [ms, text] of cases) {
  test(`${ms} ms is sent as ${text}`, () => assert.equal(formatTimeout(ms), text));
}

test('every unit is read, and nothing else', () => {
  const values = ['1H', '1M', '1S', '1m', '1u', '1n'].map(parseTimeout);
  assert.deepEqual(values, [3_600_000, 60_000, 1000, 1, 1e-3, 1e-6]);
  for (const text of ['', '1', 'm', '123456789m', '-1m', '1.5S', '1 m', '1h', ' 1m']) {
    assert.equal(parseTimeout(text), undefined);
  }
});

test('what is sent is at most eight digits and never earlier than what was meant', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e14, noNaN: true }), (ms) => {
      const text = formatTimeout(ms);
      assert.match(text, /^\d{1,8}[mSMH]$/);
      const read = parseTimeout(text)!;
      assert.ok(read >= ms && read - ms <= 3_600_000);
    }),
  );
});
