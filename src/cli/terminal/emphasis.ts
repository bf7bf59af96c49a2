import type { Colors } from './colors.js';

/** Text with the word or two that a line begins with in bold, and the names of services that are indented below in cyan. */
export function withLabels(text: string, { bold, cyan }: Colors): string {
  return text
    .replaceAll(/^(\S+(?: \S+)?)(?= {2}|$)/gm, (label) => bold(label))
    .replaceAll(/^( {2})([\w.]+\.\w+)/gm, (_, indent: string, name: string) => `${indent}${cyan(name)}`);
}

/** A table whose first line has the names of its columns. */
export function withHeader(lines: readonly string[], { bold }: Colors): readonly string[] {
  return lines.map((line, index) => (index === 0 ? bold(line) : line));
}
