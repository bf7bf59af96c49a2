import { UsageError } from '../process/exit-code.js';
import { jsonErrorPosition } from './json-position.js';

/** Bound of one value, so that a stream without an end is not kept. */
const MAX_VALUE_CHARACTERS = 64 * 1024 * 1024;

/** The JSON values of a text stream, one after another, with or without line breaks between them. Throws UsageError for what is no JSON. */
export async function* jsonValues(chunks: AsyncIterable<Buffer | string>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  const splitter = new JsonSplitter();
  for await (const chunk of chunks) {
    yield* splitter.push(typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }));
  }
  yield* splitter.end();
}

/** Parses a JSON text. Throws UsageError, with the place where it stops being JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const { line, column } = jsonErrorPosition(text) ?? { line: 1, column: 1 };
    const found = text
      .split('\n')
      [line - 1]!.slice(column - 1, column + MAX_SHOWN - 1)
      .trimEnd();
    const what = found === '' ? 'it ends there' : `found ${JSON.stringify(found)}`;
    throw new UsageError(`The request is no JSON: line ${line}, column ${column}: ${what}.`);
  }
}

/** Characters of a wrong text that are shown. */
const MAX_SHOWN = 20;

/** Finds where a value ends: outside of strings, where every bracket is closed. */
class JsonSplitter {
  #text = '';
  #at = 0;
  #depth = 0;
  #inString = false;

  *push(text: string): Generator<unknown> {
    this.#text += text;
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at]!;
      if (this.#inString) {
        if (character === '\\') this.#at++;
        else if (character === '"') this.#inString = false;
      } else if (character === '"') this.#inString = true;
      else if (character === '{' || character === '[') this.#depth++;
      else if (character === '}' || character === ']') {
        this.#depth--;
        if (this.#depth === 0) yield this.#take(this.#at + 1);
      } else if (this.#depth === 0 && /\s/.test(character)) {
        const value = this.#take(this.#at + 1);
        if (value !== undefined) yield value;
      }
    }
    if (this.#text.length > MAX_VALUE_CHARACTERS) {
      throw new UsageError(`A request is longer than ${MAX_VALUE_CHARACTERS} characters.`);
    }
  }

  *end(): Generator<unknown> {
    const value = this.#take(this.#text.length);
    if (value !== undefined) yield value;
  }

  #take(end: number): unknown {
    const text = this.#text.slice(0, end).trim();
    this.#text = this.#text.slice(end);
    this.#at = -1;
    this.#depth = 0;
    return text === '' ? undefined : parseJson(text);
  }
}
