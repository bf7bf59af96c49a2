import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { REPOSITORY } from './build-go.js';
import { coverage, elsewhere } from './matrix.js';

const PAGE = join(REPOSITORY, 'docs/compatibility.md');
const OPEN = /^No test names these yet: (.*)\.$/m;
const ROW = /^\| ([A-Z]-\d\d) +\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|$/;

interface Row {
  readonly item: string;
  readonly what: string;
  /** One cell per pairing, then the files. */
  readonly cells: readonly string[];
}

function rowsOf(page: string): Row[] {
  return page.split('\n').flatMap((line) => {
    const match = ROW.exec(line);
    if (match === null) return [];
    const [, item, what, ...cells] = match.map((cell) => cell.trim());
    return [{ item: item!, what: what!, cells }];
  });
}

/** What the tests say that the row has to say. */
function truth(): (item: string) => string[] {
  const [pairings, files] = [coverage(), elsewhere()];
  return (item) => [
    ...pairings.map((items) => (items.has(item) ? '✓' : '')),
    (files.get(item) ?? []).map((file) => `\`${file}\``).join(' '),
  ];
}

/** The items that nothing covers, as the page lists them. */
function openItems(page: string): string {
  const open = rowsOf(page).filter(({ cells }) => cells.every((cell) => cell === ''));
  return open.length === 0 ? 'none' : open.map(({ item }) => item).join(', ');
}

/** `UPDATE_COMPATIBILITY=1 node dist/test/conformance/compatibility.test.js` writes the page instead of judging it. */
function update(): void {
  const cellsOf = truth();
  const correct = (line: string) => {
    const [row] = rowsOf(line);
    return row === undefined ? line : `| ${[row.item, row.what, ...cellsOf(row.item)].join(' | ')} |`;
  };
  const page = readFileSync(PAGE, 'utf8').split('\n').map(correct).join('\n');
  writeFileSync(PAGE, page.replace(OPEN, `No test names these yet: ${openItems(page)}.`));
}

if (process.env['UPDATE_COMPATIBILITY'] === '1') update();

test('a pairing has a tick in docs/compatibility.md where its tests name the item, and nowhere else', () => {
  const rows = rowsOf(readFileSync(PAGE, 'utf8'));
  const cellsOf = truth();
  const ticks = (cells: readonly string[]) => cells.slice(0, -1).join('|');
  assert.ok(rows.length > 200, `only ${rows.length} rows were read`);
  const wrong = rows.filter(({ item, cells }) => ticks(cells) !== ticks(cellsOf(item)));
  const expected = wrong.map(({ item }) => `${item}: ${cellsOf(item).join(' | ')}`);
  assert.deepEqual(expected, [], 'rows that differ from the tests; UPDATE_COMPATIBILITY=1 corrects them');
});

test('the other test files that docs/compatibility.md lists for an item name it', () => {
  const cellsOf = truth();
  const lies = rowsOf(readFileSync(PAGE, 'utf8')).flatMap(({ item, cells }) => {
    const files = (cells.at(-1) ?? '').split(' ').filter((file) => file !== '');
    return files.filter((file) => cellsOf(item).at(-1)?.split(' ').includes(file) !== true).map((file) => item + file);
  });
  assert.deepEqual(lies, []);
});

test('every item that a test names has a row, and only one', () => {
  const items = rowsOf(readFileSync(PAGE, 'utf8')).map(({ item }) => item);
  const named = new Set([...coverage().flatMap((found) => [...found]), ...elsewhere().keys()]);
  assert.deepEqual(
    [...named].filter((item) => !items.includes(item)),
    [],
  );
  assert.equal(new Set(items).size, items.length);
});

test('the page tells which items no test names', () => {
  const page = readFileSync(PAGE, 'utf8');
  assert.equal(OPEN.exec(page)?.[1], openItems(page));
});
