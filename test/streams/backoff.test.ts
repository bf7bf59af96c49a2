import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defer, retry } from 'rxjs';
import { OptionsError } from '../../src/errors.js';
import { backoff } from '../../src/streams/backoff.js';
import { marbles } from '../../src/testing/marbles.js';

test('waits initialMs, then factor times longer, up to maxMs', () => {
  marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('a#');
    const result$ = source.pipe(retry({ count: 4, delay: backoff({ initialMs: 2, maxMs: 7, factor: 2, jitter: 0 }) }));
    expectObservable(result$).toBe('a--a----a-------a-------a#');
    expectSubscriptions(source.subscriptions).toBe([
      '^!',
      '---^!',
      '--------^!',
      '----------------^!',
      '------------------------^!',
    ]);
  });
});

test('shortens each wait at random, by up to the share jitter', () => {
  marbles(({ cold, expectObservable }) => {
    const chances = [0, 0.5, 0.99];
    const random = (): number => chances.shift() ?? 0;
    const result$ = cold('#').pipe(
      retry({ count: 3, delay: backoff({ initialMs: 100, maxMs: 100, jitter: 0.5, random }) }),
    );
    expectObservable(result$).toBe(`${100 + 75}ms 50.5ms #`);
  });
});

test('begins again with initialMs after a source that lasted resetAfterMs', () => {
  marbles(({ cold, expectObservable }) => {
    const lives = ['b#', 'b#', 'b-----------#', 'b#', 'b'];
    const source$ = defer(() => cold(lives.shift() ?? '#'));
    const delay = backoff({ initialMs: 2, maxMs: 100, jitter: 0, resetAfterMs: 10 });
    expectObservable(source$.pipe(retry({ delay }))).toBe('b--b----b-------------b----b');
  });
});

test('begins again with initialMs when retry counts from 1 again', () => {
  marbles(({ cold, expectObservable }) => {
    const delay = backoff({ initialMs: 3, maxMs: 100, jitter: 0 });
    expectObservable(cold('#').pipe(retry({ count: 2, delay }))).toBe('---------#');
    expectObservable(cold('#').pipe(retry({ count: 1, delay })), '20ms ^').toBe('20ms ---#');
  });
});

test('does not retry after an OptionsError', () => {
  marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const mistake = new OptionsError('Expected something else.');
    const source = cold('a-#', {}, mistake);
    const result$ = source.pipe(retry({ delay: backoff({ initialMs: 1, maxMs: 1 }) }));
    expectObservable(result$).toBe('a-#', {}, mistake);
    expectSubscriptions(source.subscriptions).toBe('^-!');
  });
});

test('ends its timer when retry is unsubscribed from', () => {
  marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('#');
    const result$ = source.pipe(retry({ delay: backoff({ initialMs: 10, maxMs: 10, jitter: 0 }) }));
    expectObservable(result$, '^----!').toBe('------');
    expectSubscriptions(source.subscriptions).toBe('(^!)');
  });
});

test('refuses options out of range by name', () => {
  const wrong: readonly [Partial<Parameters<typeof backoff>[0]>, RegExp][] = [
    [{ initialMs: -1 }, /`initialMs` option .* got `-1` \(number\)/],
    [{ maxMs: 1 }, /`maxMs` option .* from 5 to 2147483647, got `1`/],
    [{ maxMs: Number.POSITIVE_INFINITY }, /`maxMs`/],
    [{ factor: 0.5 }, /`factor`/],
    [{ jitter: 1.5 }, /`jitter`/],
    [{ initialMs: Number.NaN }, /`initialMs`/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(
      () => backoff({ initialMs: 5, maxMs: 10, ...options }),
      (error) => error instanceof OptionsError && message.test(error.message),
    );
  }
});
