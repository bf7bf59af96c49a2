import { OptionsError, ProtocolError } from '../errors.js';
import { decodeUtf8, EMPTY_BYTES } from './bytes.js';
import { quoteText, truncateText } from './quote.js';

/** A line of text, or a piece of one that is longer than the limit. */
export interface Line {
  /** Without its LF, and without a CR before that. */
  readonly text: string;
  /** `whole`: a complete line; `piece`: more of the line follows; `last-piece`: the end of the line, possibly empty. */
  readonly part: 'whole' | 'piece' | 'last-piece';
}

/** Limits of a `LineDecoder`. */
export interface LineOptions {
  /** The longest line, its ending included; at least 16. Also the limit of buffered bytes. @default 65 536 bytes, as go-plugin */
  readonly maxLineBytes?: number;
  /** A longer line is split into pieces, or fails with ProtocolError ERR_LIMIT_EXCEEDED. @default 'split' */
  readonly tooLong?: 'split' | 'fail';
}

/** go-plugin client.go PluginLogBufferSize, and the limit of bufio.Scanner on stdout. */
export const DEFAULT_MAX_LINE_BYTES = 65_536;
/** The lowest `maxLineBytes`. */
export const MIN_LINE_BYTES = 16;
const MIN_HELD_BYTES = 256;
const LF = 10;
const CR = 13;

/**
 * Splits bytes into lines, however they are chunked. Buffers less than `maxLineBytes` of an unfinished line. Complete lines of a chunk
 * are decoded as one text, which takes a sixth of the time of decoding each, and are slices of that text.
 *
 * @example
 * const decoder = new LineDecoder();
 * decoder.push(encodeUtf8('one\ntw')); // [{ text: 'one', part: 'whole' }]
 * decoder.end(); // [{ text: 'tw', part: 'whole' }]
 */
export class LineDecoder {
  readonly #maxLineBytes: number;
  readonly #tooLong: 'split' | 'fail';
  #held: Uint8Array = EMPTY_BYTES;
  #heldLength = 0;
  /** Whether pieces of the current line were returned. */
  #continued = false;

  constructor(options: LineOptions = {}) {
    const { maxLineBytes = DEFAULT_MAX_LINE_BYTES, tooLong = 'split' } = options;
    if (!Number.isSafeInteger(maxLineBytes) || maxLineBytes < MIN_LINE_BYTES) {
      throw new OptionsError(
        `Expected the \`maxLineBytes\` option to be an integer of at least ${MIN_LINE_BYTES}, got \`${maxLineBytes}\`.`,
      );
    }
    this.#maxLineBytes = maxLineBytes;
    this.#tooLong = tooLong;
  }

  /** The lines that the chunk completes. The chunk is not kept. After an error the decoder must not be used again. */
  push(chunk: Uint8Array): readonly Line[] {
    const lines: Line[] = [];
    let start = 0;
    while (this.#heldLength > 0 && start < chunk.length) start = this.#completeHeld(chunk, start, lines);
    while (start < chunk.length) {
      const window = chunk.subarray(start, start + this.#maxLineBytes);
      const wholeLength = window.lastIndexOf(LF) + 1;
      if (wholeLength > 0) {
        this.#takeWhole(window.subarray(0, wholeLength), lines);
        start += wholeLength;
      } else if (window.length === this.#maxLineBytes) {
        start += this.#takePiece(window, lines);
      } else {
        this.#hold(window);
        start = chunk.length;
      }
    }
    return lines;
  }

  /** The last line, if the bytes did not end with an LF. */
  end(): readonly Line[] {
    if (this.#heldLength === 0 && !this.#continued) return [];
    const text = this.unfinishedText;
    const part = this.#continued ? 'last-piece' : 'whole';
    this.#heldLength = 0;
    this.#continued = false;
    return [{ text, part }];
  }

  /** The text of an unfinished line, as far as it has arrived. */
  get unfinishedText(): string {
    return decodeUtf8(this.#held.subarray(0, this.#heldLength));
  }

  /** Adds to the buffered bytes, up to the line's end or the limit. Returns where the rest of the chunk starts. */
  #completeHeld(chunk: Uint8Array, start: number, lines: Line[]): number {
    const window = chunk.subarray(start, start + this.#maxLineBytes - this.#heldLength);
    const lineLength = window.indexOf(LF) + 1;
    const taken = lineLength > 0 ? lineLength : window.length;
    this.#hold(window.subarray(0, taken));
    if (lineLength > 0) {
      this.#takeWhole(this.#held.subarray(0, this.#heldLength), lines);
      this.#heldLength = 0;
    } else if (this.#heldLength === this.#maxLineBytes) {
      const out = this.#takePiece(this.#held, lines);
      this.#held.copyWithin(0, out, this.#heldLength);
      this.#heldLength -= out;
    }
    return start + taken;
  }

  #hold(bytes: Uint8Array): void {
    const length = this.#heldLength + bytes.length;
    if (length > this.#held.length) {
      const size = Math.min(this.#maxLineBytes, Math.max(length, this.#held.length * 2, MIN_HELD_BYTES));
      const grown = new Uint8Array(size);
      grown.set(this.#held.subarray(0, this.#heldLength));
      this.#held = grown;
    }
    this.#held.set(bytes, this.#heldLength);
    this.#heldLength = length;
  }

  /** Adds the lines of bytes that end with an LF. */
  #takeWhole(bytes: Uint8Array, lines: Line[]): void {
    const text = decodeUtf8(bytes);
    for (let start = 0; start < text.length; ) {
      const end = text.indexOf('\n', start);
      const textEnd = text.charCodeAt(end - 1) === CR && end > start ? end - 1 : end;
      lines.push({ text: text.slice(start, textEnd), part: this.#continued ? 'last-piece' : 'whole' });
      this.#continued = false;
      start = end + 1;
    }
  }

  /** Adds a piece of `maxLineBytes` without an LF. Returns its length: a character or a line ending is never split. */
  #takePiece(bytes: Uint8Array, lines: Line[]): number {
    const length = bytes.at(-1) === CR ? bytes.length - 1 : lastCharEnd(bytes);
    const text = decodeUtf8(bytes.subarray(0, length));
    if (this.#tooLong === 'fail') {
      throw new ProtocolError(
        'ERR_LIMIT_EXCEEDED',
        `A line is longer than the limit of ${this.#maxLineBytes} bytes. It starts with ${quoteText(text)}.`,
        { details: { text: truncateText(text) } },
      );
    }
    lines.push({ text, part: 'piece' });
    this.#continued = true;
    return length;
  }
}

/** Where the last complete UTF-8 character ends. */
function lastCharEnd(bytes: Uint8Array): number {
  for (let back = 1; back <= 3; back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const size = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return size > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** The limit of an option. Throws OptionsError. */
export function resolveLineLimit(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= MIN_LINE_BYTES) return value;
  throw new OptionsError(
    `Expected \`${name}\` to be an integer of at least ${MIN_LINE_BYTES}, got ${value} (${typeof value}).`,
  );
}
