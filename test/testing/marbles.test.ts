import assert from 'node:assert/strict';
import { test } from 'node:test';
import { map } from 'rxjs';
import { marbles } from '../../src/testing/index.js';

test('what is expected is compared in virtual time, values and subscriptions', () => {
  marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('--a 9m b|', { a: 1, b: 2 });
    expectObservable(source.pipe(map((value) => value * 10))).toBe('--x 9m y|', { x: 10, y: 20 });
    expectSubscriptions(source.subscriptions).toBe('^- 9m --!');
  });
});

test('a difference is an AssertionError', () => {
  const wrong = () => marbles(({ cold, expectObservable }) => expectObservable(cold('a|')).toBe('b|'));
  assert.throws(wrong, assert.AssertionError);
});

test('with `asserted`, a source without expectSubscriptions is named', () => {
  const body: Parameters<typeof marbles>[0] = ({ cold, hot, expectObservable, expectSubscriptions }) => {
    const asserted = cold('a|');
    expectObservable(asserted).toBe('a|');
    expectObservable(hot('--b|')).toBe('--b|');
    expectSubscriptions(asserted.subscriptions).toBe('^!');
  };
  marbles(body);
  assert.throws(() => marbles(body, { subscriptions: 'asserted' }), /subscriptions to "--b\|" were not checked\./);
});

test('with `asserted`, correct expectations pass, and a wrong one fails', () => {
  const expecting = (subscriptions: string) =>
    marbles(
      ({ hot, expectObservable, expectSubscriptions }) => {
        const source = hot('--b|');
        expectObservable(source, '-^!').toBe('--b');
        expectSubscriptions(source.subscriptions).toBe(subscriptions);
      },
      { subscriptions: 'asserted' },
    );
  assert.throws(() => expecting('^--!'), assert.AssertionError);
});
