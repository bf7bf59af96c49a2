import type { CliContext } from './context.js';
import { shown } from './failure.js';

/** The result of a command: one JSON document on stdout, or lines for a person. */
export function print(
  { stdout }: Pick<CliContext, 'stdout'>,
  { json }: { readonly json: boolean },
  result: unknown,
  lines: readonly string[],
): void {
  if (json) stdout.write(`${JSON.stringify(result)}\n`);
  else for (const line of lines) stdout.write(`${shown(line)}\n`);
}

/** Rows of a table, each column as wide as its widest cell. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index]!))
      .join('  ')
      .trimEnd(),
  );
}
