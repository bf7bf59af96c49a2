const GAP = '  ';

/** Characters that a shortened cell has at least: less tells nothing. */
const MIN_CHARACTERS = 12;

/**
 * Rows of a table, each column as wide as its widest cell, two spaces apart. The last column is not filled up. Where the table is wider than
 * `width`, cells of the first column lose their beginning, of which paths have most in common.
 */
export function columns(rows: readonly (readonly string[])[], width = Number.POSITIVE_INFINITY): readonly string[] {
  const widths = widthsOf(rows);
  const total = widths.reduce((sum, one) => sum + one + GAP.length, -GAP.length);
  const first = Math.max(MIN_CHARACTERS, (widths[0] ?? 0) - Math.max(0, total - width));
  const fitted = rows.map(([cell = '', ...others]) => [shortened(cell, first), ...others]);
  const filled = widthsOf(fitted);
  return fitted.map((row) =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(filled[index]!)))
      .join(GAP)
      .trimEnd(),
  );
}

function widthsOf(rows: readonly (readonly string[])[]): readonly number[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)));
  return widths;
}

function shortened(text: string, width: number): string {
  return text.length > width ? `…${text.slice(text.length - width + 1)}` : text;
}
