import { OptionsError } from '../errors.js';

/**
 * A matcher for one path component in the syntax of Go's filepath.Match: `*` for any characters, `?` for one, `[a-z]` and `[^a-z]` for
 * one of a class, `\` to escape the next character. Throws OptionsError for a malformed pattern.
 */
export function compileGlob(pattern: string): (name: string) => boolean {
  const source = [...tokensOf(pattern)].join('');
  const expression = new RegExp(`^${source}$`, 'su');
  return (name) => expression.test(name);
}

/** Whether a component has a character that means something in a pattern. */
export function isGlob(component: string): boolean {
  return /[*?[\\]/.test(component);
}

function* tokensOf(pattern: string): Generator<string> {
  const characters = Array.from(pattern);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    if (character === '*') yield '.*';
    else if (character === '?') yield '.';
    else if (character === '[') {
      const [source, end] = classAt(characters, at, pattern);
      yield source;
      at = end;
    } else if (character === '\\') yield literal(characters[++at] ?? malformed(pattern));
    else yield literal(character);
  }
}

/** The class that opens at `start` as a regular expression, and the index of its closing bracket. */
function classAt(characters: readonly string[], start: number, pattern: string): [source: string, end: number] {
  let at = start + 1;
  const negated = characters[at] === '^';
  if (negated) at++;
  const ranges: string[] = [];
  const member = (): string => {
    const character = characters[at++];
    if (character === undefined || character === '-' || (character === ']' && ranges.length === 0))
      return malformed(pattern);
    return character === '\\' ? (characters[at++] ?? malformed(pattern)) : character;
  };
  while (characters[at] !== ']' || ranges.length === 0) {
    const low = member();
    if (characters[at] !== '-') {
      ranges.push(literal(low));
      continue;
    }
    at++;
    const high = member();
    // As in Go, a range whose end is below its beginning matches nothing.
    ranges.push(low <= high ? `${literal(low)}-${literal(high)}` : '');
  }
  const inside = ranges.join('');
  return [inside === '' ? (negated ? '.' : '(?!)') : `[${negated ? '^' : ''}${inside}]`, at];
}

/** A character by its number, which is literal inside and outside of a class. */
function literal(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}

function malformed(pattern: string): never {
  throw new OptionsError(
    `The pattern \`${pattern}\` is malformed. Expected \`*\`, \`?\`, \`[a-z]\`, \`[^a-z]\`, and \`\\\` to escape a character.`,
  );
}
