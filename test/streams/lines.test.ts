import { test } from 'node:test';
import { ProtocolError } from '../../src/errors.js';
import { lines } from '../../src/streams/lines.js';
import { marbles } from '../../src/testing/marbles.js';
import type { Line } from '../../src/wire/lines.js';

const chunks = {
  a: Buffer.from('one\r\ntwo\nthr'),
  b: Buffer.from('ee\n'),
  c: Buffer.from('last'),
  x: Buffer.alloc(20, 'x'),
};
const whole = (text: string): Line => ({ text, part: 'whole' });
const values: Record<string, Line> = {
  1: whole('one'),
  2: whole('two'),
  3: whole('three'),
  4: whole('last'),
  t: whole('thr'),
  p: { text: 'x'.repeat(16), part: 'piece' },
  q: { text: 'xxxxlast', part: 'last-piece' },
};

for (const { title, source, result, subscription } of [
  { title: 'never', source: '-', result: '-', subscription: '^' },
  { title: 'empty', source: '-|', result: '-|', subscription: '^!' },
  { title: 'lines across chunks', source: '-a----b-|', result: '-(12)-3-|', subscription: '^-------!' },
  { title: 'a final line without LF', source: '-c-|', result: '---(4|)', subscription: '^--!' },
  { title: 'a line over the limit comes in pieces', source: '-x-c-|', result: '-p---(q|)', subscription: '^----!' },
  {
    title: 'an unfinished line is lost with an error of the source',
    source: '-a---#',
    result: '-(12)#',
    subscription: '^----!',
  },
]) {
  test(`lines: ${title}`, () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const chunk$ = cold(source, chunks);
      expectObservable(chunk$.pipe(lines({ maxLineBytes: 16 }))).toBe(result, values);
      expectSubscriptions(chunk$.subscriptions).toBe(subscription);
    });
  });
}

test('lines: fails at the limit where asked to, and leaves the source', () => {
  marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const chunk$ = cold('-b-x-b', chunks);
    const text = 'x'.repeat(16);
    const error = new ProtocolError(
      'ERR_LIMIT_EXCEEDED',
      `A line is longer than the limit of 16 bytes. It starts with "${text}".`,
      { details: { text } },
    );
    expectObservable(chunk$.pipe(lines({ maxLineBytes: 16, tooLong: 'fail' }))).toBe('-e-#', { e: whole('ee') }, error);
    expectSubscriptions(chunk$.subscriptions).toBe('^--!');
  });
});

test('lines: unsubscribing early leaves the source', () => {
  marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const chunk$ = cold('-a----b-|', chunks);
    expectObservable(chunk$.pipe(lines()), '^---!').toBe('-(12)', values);
    expectSubscriptions(chunk$.subscriptions).toBe('^---!');
  });
});
