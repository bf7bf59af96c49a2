import { UsageError } from '../process/exit-code.js';
import { arrayOf, BYTES, type GoType, mapOf, NAMED_TYPES, pointerTo, sliceOf, structOf } from './go-types.js';

/** Deeper types are a mistake. */
const MAX_DEPTH = 100;

const TOKEN = /\s*(interface\s*\{\s*\}|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?|\d+|`[^`]*`|"(?:[^"\\]|\\.)*"|[[\]{}*;,()])/y;

/**
 * Parses a type in Go's syntax: `string`, `[]byte`, `map[string]int`, `struct{ Key string; Value []byte }`, `*time.Time`; `empty` is
 * `struct{}`. Names of the plugin's own types are not known. Throws UsageError.
 */
export function parseGoType(text: string): GoType {
  const parser = new Parser(text);
  const type = parser.type(0);
  parser.end();
  return type;
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  type(depth: number): GoType {
    if (depth > MAX_DEPTH) throw new UsageError(`The Go type is more than ${MAX_DEPTH} levels deep.`);
    const token = this.#next();
    if (token === '*') return pointerTo(this.type(depth + 1));
    if (token === '[') return this.#sequence(depth);
    if (token === '(') {
      const inner = this.type(depth + 1);
      this.#expect(')');
      return inner;
    }
    if (token === 'map') return this.#map(depth);
    if (token === 'struct') return this.#struct(depth);
    const named = NAMED_TYPES.get(token.replaceAll(/\s/g, ''));
    if (named !== undefined) return named;
    return this.#fail(
      /^[A-Za-z_]/.test(token) ? `a type that is no name of the plugin's own: write struct{…} for ${token}` : 'a type',
      token,
    );
  }

  end(): void {
    const rest = this.#next();
    if (rest !== '') this.#fail('the end', rest);
  }

  /** After `[`. */
  #sequence(depth: number): GoType {
    const token = this.#next();
    if (token === ']') {
      const isBytes = ['byte', 'uint8'].includes(this.#tokens[this.#at] ?? '');
      const element = this.type(depth + 1);
      return isBytes ? BYTES : sliceOf(element);
    }
    if (!/^\d{1,6}$/.test(token)) this.#fail('] or a length', token);
    this.#expect(']');
    return arrayOf(Number(token), this.type(depth + 1));
  }

  #map(depth: number): GoType {
    this.#expect('[');
    const key = this.type(depth + 1);
    this.#expect(']');
    return mapOf(key, this.type(depth + 1));
  }

  #struct(depth: number): GoType {
    this.#expect('{');
    const fields: (readonly [string, GoType])[] = [];
    while (this.#tokens[this.#at] !== '}') {
      const names = [this.#name()];
      while (this.#tokens[this.#at] === ',') {
        this.#at++;
        names.push(this.#name());
      }
      const type = this.type(depth + 1);
      for (const name of names) fields.push([name, type]);
      if (/^[`"]/.test(this.#tokens[this.#at] ?? '')) this.#at++;
      if (this.#tokens[this.#at] !== '}') this.#expect(';');
    }
    this.#at++;
    return structOf(fields);
  }

  #name(): string {
    const name = this.#next();
    // Go sends no others.
    return /^[A-Z]\w*$/.test(name) ? name : this.#fail('a field that begins with an upper-case letter', name);
  }

  #next(): string {
    return this.#tokens[this.#at++] ?? '';
  }

  #expect(wanted: string): void {
    const token = this.#next();
    if (token !== wanted) this.#fail(wanted, token);
  }

  #fail(expected: string, token: string): never {
    const got = token === '' ? 'the end' : token;
    throw new UsageError(`${JSON.stringify(this.#text)} is no Go type: expected ${expected}, got ${got}.`);
  }
}

function tokensOf(text: string): readonly string[] {
  const source = withSemicolons(text.trim());
  const tokens: string[] = [];
  for (let at = 0; at < source.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(source);
    if (match === null)
      throw new UsageError(`${JSON.stringify(text)} is no Go type: cannot read ${source.slice(at, at + 20)}.`);
    tokens.push(match[1]!);
  }
  return tokens;
}

/** A line break between fields is a semicolon. */
function withSemicolons(text: string): string {
  return text
    .replaceAll(/([{;,])\s*\n\s*/g, '$1')
    .replaceAll(/\s*\n\s*(?=\})/g, '')
    .replaceAll(/\s*\n\s*/g, ';');
}
