import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EMPTY, Observable, type OperatorFunction, throwError } from 'rxjs';
import { shareEvents, shareLatest } from '../../src/streams/share.js';
import { marbles } from '../../src/testing/marbles.js';

const policies: readonly { title: string; shared: () => OperatorFunction<string, string> }[] = [
  { title: 'shareLatest', shared: shareLatest },
  { title: 'shareEvents', shared: shareEvents },
];

for (const { title, shared } of policies) {
  describe(title, () => {
    test('subscribes to the source once for all', () => {
      marbles(({ hot, expectObservable, expectSubscriptions }) => {
        const source = hot('--a--b--c--|');
        const result$ = source.pipe(shared());
        expectObservable(result$).toBe('--a--b--c--|');
        expectObservable(result$).toBe('--a--b--c--|');
        expectSubscriptions(source.subscriptions).toBe('^----------!');
      });
    });

    test('passes on a source that never emits, and one that is empty', () => {
      marbles(({ cold, expectObservable }) => {
        expectObservable(cold('-').pipe(shared())).toBe('-');
        expectObservable(EMPTY.pipe(shared())).toBe('|');
      });
    });

    test('passes the error on to all and to the late', () => {
      marbles(({ hot, expectObservable, expectSubscriptions }) => {
        const source = hot('--a--#');
        const result$ = source.pipe(shared());
        expectObservable(result$).toBe('--a--#');
        expectObservable(result$, '---^').toBe('---' + (shared === shareLatest ? 'a-#' : '--#'));
        expectSubscriptions(source.subscriptions).toBe('^----!');
      });
    });

    test('does not swallow a source that throws when subscribed', () => {
      const boom = new Error('boom');
      const seen: unknown[] = [];
      throwError(() => boom)
        .pipe(shared())
        .subscribe({ error: (error) => seen.push(error) });
      assert.deepEqual(seen, [boom]);
    });
  });
}

describe('shareLatest', () => {
  test('gives the latest value to a late subscriber, and to one after the end', () => {
    marbles(({ hot, expectObservable }) => {
      const result$ = hot('--a--b----|').pipe(shareLatest());
      expectObservable(result$).toBe('--a--b----|');
      expectObservable(result$, '-------^').toBe('-------b--|');
      expectObservable(result$, '------------^').toBe('------------(b|)');
    });
  });

  test('stays subscribed when nobody listens', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('--a--b----|');
      const result$ = source.pipe(shareLatest());
      expectObservable(result$, '^--!').toBe('--a');
      expectObservable(result$, '-------^').toBe('-------b--|');
      expectSubscriptions(source.subscriptions).toBe('^---------!');
    });
  });
});

describe('shareEvents', () => {
  test('gives a late subscriber only what comes later, and only the end after the end', () => {
    marbles(({ hot, expectObservable }) => {
      const result$ = hot('--a--b----|').pipe(shareEvents());
      expectObservable(result$).toBe('--a--b----|');
      expectObservable(result$, '---^').toBe('-----b----|');
      expectObservable(result$, '------------^').toBe('------------|');
    });
  });

  test('leaves the source with the last subscriber and comes back with the next', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('--a--b--c--d--|');
      const result$ = source.pipe(shareEvents());
      expectObservable(result$, '^--!').toBe('--a');
      expectObservable(result$, '-------^--!').toBe('--------c');
      expectSubscriptions(source.subscriptions).toBe(['^--!', '-------^--!']);
    });
  });

  test('unsubscribes from the source when the only subscriber leaves before any value', () => {
    let active = 0;
    const source$ = new Observable<string>(() => {
      active += 1;
      return () => {
        active -= 1;
      };
    });
    source$.pipe(shareEvents()).subscribe().unsubscribe();
    assert.equal(active, 0);
  });
});
