import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineTail } from '../../src/wire/index.js';

const line = (text: string) => ({ text, part: 'whole' }) as const;

function tailOf(maxLines: number, texts: readonly string[], kept: string): readonly string[] {
  const tail = new LineTail({ maxLines });
  for (const text of texts) tail.push(line(text), text.startsWith(kept));
  return tail.lines;
}

const trace = ['before', 'TypeError: no store', 'at 1', 'at 2', 'at 3', 'at 4'];

test('the first line of a long trace stays, with how many lines are left out between', () => {
  assert.deepEqual(tailOf(2, trace, 'TypeError'), ['TypeError: no store', '… (2 lines left out)', 'at 3', 'at 4']);
});

test('a line that is kept is not shown twice, and nothing is left out where nothing is', () => {
  assert.deepEqual(tailOf(10, trace, 'TypeError'), trace);
  assert.deepEqual(tailOf(5, trace, 'TypeError'), trace.slice(1));
  assert.deepEqual(tailOf(4, trace, 'TypeError'), trace.slice(1));
});

test('a later line takes the place of the one that was kept', () => {
  const texts = [...trace, 'TypeError: again', 'at 5', 'at 6', 'at 7'];
  assert.deepEqual(tailOf(2, texts, 'TypeError'), ['TypeError: again', '… (1 line left out)', 'at 6', 'at 7']);
});

test('without a line to keep the last ones stay; of a line in pieces the first', () => {
  assert.deepEqual(tailOf(2, trace, 'nothing'), ['at 3', 'at 4']);
  const tail = new LineTail();
  for (const [text, part] of [
    ['a', 'piece'],
    ['b', 'piece'],
    ['c', 'last-piece'],
    ['next', 'whole'],
  ] as const)
    tail.push({ text, part });
  assert.deepEqual(tail.lines, ['a', 'next']);
});
