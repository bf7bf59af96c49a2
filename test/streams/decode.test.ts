import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom, of, take, toArray } from 'rxjs';
import { type Decoder, decode } from '../../src/streams/decode.js';
import { marbles } from '../../src/testing/marbles.js';

/** Pairs of bytes as numbers; a 0 byte is an error; a single last byte comes at the end. */
function pairs(): Decoder<number> {
  let waiting: number[] = [];
  return {
    push: (chunk) => {
      if (chunk.includes(0)) throw new RangeError('zero');
      waiting = [...waiting, ...chunk];
      const complete = waiting.splice(0, waiting.length - (waiting.length % 2));
      return Array.from({ length: complete.length / 2 }, (_, at) => complete[2 * at]! * 10 + complete[2 * at + 1]!);
    },
    end: () => waiting,
  };
}

const bytes = {
  a: Uint8Array.of(1),
  b: Uint8Array.of(2, 3),
  c: Uint8Array.of(1, 2, 3, 4, 5),
  e: Uint8Array.of(),
  z: Uint8Array.of(1, 2, 0),
};
const numbers = { l: 12, m: 31, n: 34, s: 3, t: 5, x: 23 };

for (const { title, source, result, subscription } of [
  { title: 'never', source: '-', result: '-', subscription: '^' },
  { title: 'empty', source: '--|', result: '--|', subscription: '^-!' },
  { title: 'one chunk with a rest', source: '-c---|', result: '-(ln)(t|)', subscription: '^----!' },
  { title: 'values across chunks', source: '-a--b---|', result: '----l---(s|)', subscription: '^-------!' },
  { title: 'empty chunks', source: '-e-a-e-a|', result: '-------u|', subscription: '^-------!' },
  { title: 'the source fails', source: '-b-#', result: '-x-#', subscription: '^--!' },
]) {
  test(`decode: ${title}`, () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const chunk$ = cold(source, bytes);
      expectObservable(chunk$.pipe(decode(pairs))).toBe(result, { ...numbers, u: 11 });
      expectSubscriptions(chunk$.subscriptions).toBe(subscription);
    });
  });
}

test('decode: a decoder that throws ends the stream and unsubscribes from the source', () => {
  marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const chunk$ = cold('-b-z-b|', bytes);
    expectObservable(chunk$.pipe(decode(pairs))).toBe('-x-#', numbers, new RangeError('zero'));
    expectSubscriptions(chunk$.subscriptions).toBe('^--!');
  });
});

test('decode: unsubscribing early unsubscribes from the source, in the middle of a chunk too', () => {
  marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const chunk$ = cold('-c-c|', bytes);
    const unsubscribed = chunk$.pipe(decode(pairs));
    expectObservable(unsubscribed, '^-!').toBe('-(ln)', numbers);
    expectObservable(chunk$.pipe(decode(pairs), take(1))).toBe('-(l|)', numbers);
    expectSubscriptions(chunk$.subscriptions).toBe(['^-!', '^!']);
  });
});

test('decode: every subscription has a decoder of its own, made when it begins', async () => {
  let made = 0;
  const number$ = of(bytes.a, bytes.b).pipe(
    decode(() => {
      made++;
      return pairs();
    }),
    toArray(),
  );
  assert.equal(made, 0);
  assert.deepEqual(
    [await firstValueFrom(number$), await firstValueFrom(number$)],
    [
      [12, 3],
      [12, 3],
    ],
  );
  assert.equal(made, 2);
});

test('decode: a decoder may be a generator, may have no end, and may fail at the end', () => {
  marbles(({ cold, expectObservable }) => {
    const lazy = (): Decoder<number> => ({
      *push(chunk) {
        yield* chunk;
        if (chunk.includes(0)) throw new RangeError('zero');
      },
    });
    expectObservable(cold('-b---z', bytes).pipe(decode(lazy))).toBe(
      '-(23)(120#)',
      { 0: 0, 1: 1, 2: 2, 3: 3 },
      new RangeError('zero'),
    );
    const failing = (): Decoder<number> => ({
      push: () => [],
      end: () => {
        throw new RangeError('unfinished');
      },
    });
    expectObservable(cold('-b-|', bytes).pipe(decode(failing))).toBe('---#', {}, new RangeError('unfinished'));
    expectObservable(cold('-b---|', bytes).pipe(decode(() => ({ push: (chunk) => chunk })))).toBe('-(23)|', {
      2: 2,
      3: 3,
    });
  });
});
