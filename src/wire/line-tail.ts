import type { Line } from './lines.js';
import { truncateText } from './quote.js';

/** Limits of a `LineTail`. */
export interface LineTailOptions {
  /** Lines that are kept. @default 100 */
  readonly maxLines?: number;
  /** Longer lines are truncated. @default 1000 */
  readonly maxLineChars?: number;
}

/**
 * Keeps the last lines of a stream, for the details of an error; of a line that comes in pieces, its first piece.
 *
 * @example
 * const tail = new LineTail({ maxLines: 10 });
 * for (const line of decoder.push(chunk)) tail.push(line);
 * console.error(tail.lines.join('\n'));
 */
export class LineTail {
  readonly #maxLines: number;
  readonly #maxLineChars: number;
  /** A ring buffer: line number n is in slot n modulo `maxLines`. */
  readonly #slots: string[] = [];
  #count = 0;
  /** The last line that is kept for good, and its number. */
  #kept: { readonly text: string; readonly number: number } | undefined;
  #continued = false;

  constructor({ maxLines = 100, maxLineChars = 1000 }: LineTailOptions = {}) {
    this.#maxLines = maxLines;
    this.#maxLineChars = maxLineChars;
  }

  /** With `keep` the line stays, whatever follows, until another one takes its place: the first line of a long trace says most. */
  push({ text, part }: Line, keep = false): void {
    if (!this.#continued) {
      if (keep) this.#kept = { text, number: this.#count };
      this.#slots[this.#count++ % this.#maxLines] = text;
    }
    this.#continued = part === 'piece';
  }

  /** A copy of the kept lines, oldest first. */
  get lines(): readonly string[] {
    const oldest = this.#count > this.#maxLines ? this.#count % this.#maxLines : 0;
    const ordered = [...this.#leftOut(), ...this.#slots.slice(oldest), ...this.#slots.slice(0, oldest)];
    return ordered.map((text) => truncateText(text, this.#maxLineChars));
  }

  /** The line that was kept for good, if it would be gone, and how many have gone since. */
  #leftOut(): string[] {
    if (this.#kept === undefined) return [];
    const between = this.#count - this.#maxLines - this.#kept.number - 1;
    if (between < 0) return [];
    return between === 0
      ? [this.#kept.text]
      : [this.#kept.text, `… (${between} ${between === 1 ? 'line' : 'lines'} left out)`];
  }
}
