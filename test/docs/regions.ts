const BEGIN = /^\s*(?:\/\/|#) #?region (\S+)$/;
const END = /^\s*(?:\/\/|#) #?endregion (\S+)$/;

/**
 * The text of a source: a whole file, or the lines between `// #region name` and `// #endregion name`, without their common
 * indentation and without the markers of other regions. Throws unless there is exactly one such region.
 */
export function excerpt(file: string, region: string | undefined): string {
  const lines = file.trimEnd().split('\n');
  const plain = (part: readonly string[]) => dedent(part.filter((line) => !BEGIN.test(line) && !END.test(line)));
  if (region === undefined) return plain(lines);
  const begins = indexesOf(lines, BEGIN, region);
  const ends = indexesOf(lines, END, region);
  if (begins.length !== 1 || ends.length !== 1 || begins[0]! > ends[0]!)
    throw new Error(`expected one region ${region}, found ${begins.length} beginnings and ${ends.length} ends`);
  return plain(lines.slice(begins[0]! + 1, ends[0]));
}

/** The names of all regions that begin in a file. */
export function regionsOf(file: string): string[] {
  return file.split('\n').flatMap((line) => line.match(BEGIN)?.[1] ?? []);
}

function indexesOf(lines: readonly string[], marker: RegExp, region: string): number[] {
  return lines.flatMap((line, index) => (line.match(marker)?.[1] === region ? [index] : []));
}

function dedent(lines: readonly string[]): string {
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/));
  const shared = Math.min(...indents);
  const text = lines.map((line) => line.slice(shared).trimEnd()).join('\n');
  return text.replace(/^\n+|\n+$/g, '');
}
