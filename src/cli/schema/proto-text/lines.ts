/** Lines of text, each without its line break. */
export type Lines = readonly string[];

/** `header { … }`, its body indented; on one line where there is none. */
export function block(header: string, body: Lines): Lines {
  return body.length === 0 ? [`${header} {}`] : [`${header} {`, ...indented(body), '}'];
}

export function indented(lines: Lines): Lines {
  return lines.map((line) => (line === '' ? '' : `  ${line}`));
}

/** Groups of lines with an empty line between them. */
export function paragraphs(groups: readonly Lines[]): Lines {
  return groups.filter((group) => group.length > 0).flatMap((group, index) => (index === 0 ? group : ['', ...group]));
}

const MAX_LINE_CHARACTERS = 100;

/** `head [a, b];`, an option a line where that is long. */
export function withOptions(head: string, options: readonly string[], end = ';'): Lines {
  if (options.length === 0) return [`${head}${end}`];
  const line = `${head} [${options.join(', ')}]${end}`;
  if (line.length <= MAX_LINE_CHARACTERS) return [line];
  return [
    `${head} [`,
    ...indented(options.map((option, index) => (index < options.length - 1 ? `${option},` : option))),
    `]${end}`,
  ];
}
