import type { Line } from './lines.js';
import { truncateText } from './quote.js';

/** Limits of a `LineTail`. */
export interface LineTailOptions {
  /** Lines that are kept. @default 20 */
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
  #continued = false;

  constructor({ maxLines = 20, maxLineChars = 1000 }: LineTailOptions = {}) {
    this.#maxLines = maxLines;
    this.#maxLineChars = maxLineChars;
  }

  push({ text, part }: Line): void {
    if (!this.#continued) this.#slots[this.#count++ % this.#maxLines] = text;
    this.#continued = part === 'piece';
  }

  /** A copy of the kept lines, oldest first. */
  get lines(): readonly string[] {
    const oldest = this.#count > this.#maxLines ? this.#count % this.#maxLines : 0;
    const ordered = [...this.#slots.slice(oldest), ...this.#slots.slice(0, oldest)];
    return ordered.map((text) => truncateText(text, this.#maxLineChars));
  }
}
