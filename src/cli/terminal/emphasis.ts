import type { Colors } from './colors.js';

/** Text whose lines begin with a word or two and two spaces, these in bold; what is indented below them begins with a name in cyan. */
export function withLabels(text: string, { bold, cyan }: Colors): string {
  return text
    .replaceAll(/^(\S+(?: \S+)?)(?= {2}|$)/gm, (label) => bold(label))
    .replaceAll(/^( {2})(\S+)/gm, (_, indent: string, name: string) => `${indent}${cyan(name)}`);
}

/** A table whose first line has the names of its columns. */
export function withHeader(lines: readonly string[], { bold }: Colors): readonly string[] {
  return lines.map((line, index) => (index === 0 ? bold(line) : line));
}
