import { readFileSync } from 'node:fs';

/** The rows of the first table in a page of docs/ whose header begins with these columns, without code marks. */
export function readTable(page: string, ...columns: readonly string[]): readonly (readonly string[])[] {
  const text = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8');
  const lines = text.split('\n').map(cellsOf);
  const header = lines.findIndex((cells) => columns.every((column, at) => cells[at] === column));
  if (header < 0) throw new Error(`docs/${page} has no table with the columns ${columns.join(', ')}`);
  const end = lines.findIndex((cells, at) => at > header && cells.length === 0);
  return lines.slice(header + 2, end < 0 ? undefined : end);
}

function cellsOf(line: string): readonly string[] {
  if (!line.startsWith('|')) return [];
  const cells = line.split(/(?<!\\)\|/).slice(1, -1);
  return cells.map((cell) =>
    cell
      .trim()
      .replace(/^`(.*)`$/, '$1')
      .replaceAll('\\|', '|'),
  );
}
