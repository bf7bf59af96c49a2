/** A line and a column, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where a text stops being JSON: what Node's parser tells of it differs between versions. Undefined where it is JSON. */
export function jsonErrorPosition(text: string): Position | undefined {
  const scanner = new Scanner(text);
  if (scanner.reads()) return undefined;
  const before = text.slice(0, scanner.at).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

const SPACE = /[ \t\r\n]*/y;
const SCALAR = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
const STRING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;

/** Reads a value, with a list of open brackets in the place of recursion, so that depth costs no stack. */
class Scanner {
  at = 0;
  readonly #text: string;
  readonly #open: ('{' | '[')[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  reads(): boolean {
    do {
      if (!this.#readsToValue()) return false;
      if (!this.#readsAfterValue()) return false;
    } while (this.#open.length > 0);
    this.#take(SPACE);
    return this.at === this.#text.length;
  }

  /** A scalar, or brackets up to the first scalar or the first that are empty. */
  #readsToValue(): boolean {
    for (;;) {
      this.#take(SPACE);
      const bracket = this.#text[this.at];
      if (bracket !== '{' && bracket !== '[') return this.#take(STRING) || this.#take(SCALAR);
      this.at++;
      this.#take(SPACE);
      if (this.#text[this.at] === closing(bracket)) {
        this.at++;
        return true;
      }
      this.#open.push(bracket);
      if (bracket === '{' && !this.#readsKey()) return false;
    }
  }

  /** Closing brackets, and a comma where there is more. */
  #readsAfterValue(): boolean {
    while (this.#open.length > 0) {
      this.#take(SPACE);
      const bracket = this.#open.at(-1)!;
      const next = this.#text[this.at];
      if (next !== ',' && next !== closing(bracket)) return false;
      this.at++;
      if (next === ',') return bracket === '[' || this.#readsKey();
      this.#open.pop();
    }
    return true;
  }

  #readsKey(): boolean {
    this.#take(SPACE);
    if (!this.#take(STRING)) return false;
    this.#take(SPACE);
    if (this.#text[this.at] !== ':') return false;
    this.at++;
    return true;
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.#text);
    if (found !== null) this.at = pattern.lastIndex;
    return found !== null;
  }
}

function closing(bracket: '{' | '['): string {
  return bracket === '{' ? '}' : ']';
}
