import type { Line } from './lines.js';
import { truncateText } from './quote.js';

/** How much a `LineTail` remembers. */
export interface LineTailOptions {
  /** @default 20 */
  readonly maxLines?: number;
  /** Longer lines are cut. @default 1000 */
  readonly maxLineChars?: number;
}

/** The last lines of a stream, for the details of an error. Of a line that comes in pieces, the beginning. */
export class LineTail {
  readonly #maxLines: number;
  readonly #maxLineChars: number;
  /** A ring: line number n is in slot n modulo `maxLines`. */
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

  /** A copy, oldest first. */
  get lines(): readonly string[] {
    const oldest = this.#count > this.#maxLines ? this.#count % this.#maxLines : 0;
    const ordered = [...this.#slots.slice(oldest), ...this.#slots.slice(0, oldest)];
    return ordered.map((text) => truncateText(text, this.#maxLineChars));
  }
}
