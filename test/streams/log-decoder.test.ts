import assert from 'node:assert/strict';
import { test } from 'node:test';
import { from, lastValueFrom, map, toArray } from 'rxjs';
import { decode } from '../../src/streams/decode.js';
import { createLogDecoder, type LogDecoderOptions } from '../../src/streams/log-decoder.js';
import { marbles } from '../../src/testing/marbles.js';
import { LineTail } from '../../src/wire/line-tail.js';

const logs = (options?: LogDecoderOptions) => decode(() => createLogDecoder(options));
const chunks = {
  a: Buffer.from('{"@level":"info","@message":"one"}\npan'),
  b: Buffer.from('ic: two\nthree\n'),
  c: Buffer.from('half'),
};
const seen = { 1: 'info one', 2: 'error panic: two', 3: 'error three', h: 'debug half', p: 'debug pan' };

for (const { title, source, result, subscription } of [
  { title: 'never', source: '-', result: '-', subscription: '^' },
  { title: 'empty', source: '-|', result: '-|', subscription: '^!' },
  { title: 'entries across chunks', source: '-a-b---|', result: '-1-(23)|', subscription: '^------!' },
  { title: 'a last line without LF', source: '-a-|', result: '-1-(p|)', subscription: '^--!' },
  { title: 'the source fails', source: '-a-c-#', result: '-1---#', subscription: '^----!' },
]) {
  test(`logs: ${title}`, () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const chunk$ = cold(source, chunks);
      const entry$ = chunk$.pipe(logs());
      expectObservable(entry$.pipe(map(({ level, message }) => `${level} ${message}`))).toBe(result, seen);
      expectSubscriptions(chunk$.subscriptions).toBe(subscription);
    });
  });
}

test('logs: unsubscribing early leaves the source; a later subscriber starts without a panic', () => {
  marbles(({ hot, expectObservable, expectSubscriptions }) => {
    const chunk$ = hot('-b----d', { ...chunks, d: Buffer.from('x\n') });
    const level$ = chunk$.pipe(
      logs(),
      map(({ level }) => level),
    );
    expectObservable(level$, '^---!').toBe('-(dd)', { d: 'debug' });
    expectObservable(level$, '-----^').toBe('------d', { d: 'debug' });
    expectSubscriptions(chunk$.subscriptions).toBe(['^---!', '-----^']);
  });
});

test('logs: the tail remembers the last lines, those below the level too', async () => {
  const tail = new LineTail({ maxLines: 3, maxLineChars: 8 });
  const text = `first\n{"@level":"trace"}\n[WARN] w\n${'x'.repeat(60)}\nlast`;
  const entries = await lastValueFrom(
    from([Buffer.from(text)]).pipe(logs({ level: 'warn', maxLineBytes: 32, tail }), toArray()),
  );
  assert.deepEqual(
    entries.map((entry) => entry.raw),
    ['[WARN] w'],
  );
  assert.deepEqual(tail.lines, ['[WARN] w', 'xxxxxxxx…', 'last']);
});

test('the tail is a copy, oldest first, empty at the beginning', () => {
  const tail = new LineTail();
  const before = tail.lines;
  for (let count = 1; count <= 150; count++) tail.push({ text: `line ${count}`, part: 'whole' });
  assert.deepEqual(before, []);
  assert.equal(tail.lines.length, 100);
  assert.deepEqual([tail.lines.at(0), tail.lines.at(-1)], ['line 51', 'line 150']);
});

test('the tail keeps the first line of a trace that is longer than it', async () => {
  const tail = new LineTail({ maxLines: 3 });
  const frames = Array.from({ length: 9 }, (_, index) => `    at f (x.js:${index}:1)`);
  const push = async (lines: readonly string[]) =>
    void (await lastValueFrom(
      from([Buffer.from(lines.map((line) => `${line}\n`).join(''))]).pipe(logs({ tail }), toArray()),
    ));
  await push(['before', 'TypeError: no store', ...frames.slice(0, 2)]);
  assert.deepEqual(tail.lines, ['TypeError: no store', ...frames.slice(0, 2)]);
  await push(frames.slice(2, 3));
  assert.deepEqual(tail.lines, ['TypeError: no store', ...frames.slice(0, 3)]);
  await push(frames.slice(3));
  assert.deepEqual(tail.lines, ['TypeError: no store', '… (6 lines left out)', ...frames.slice(6)]);
  await push(['panic: another', 'a', 'b', 'c']);
  assert.deepEqual(tail.lines, ['panic: another', 'a', 'b', 'c']);
});
