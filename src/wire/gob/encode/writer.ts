import { foldSigned, uintSize } from '../integers.js';

const BUFFER_BYTES = 64 * 1024;
const NOTHING = new Uint8Array(0);
const SHORT_TEXT = 24;

const utf8 = new TextEncoder();
/** Scratch space of `GobWriter.float`; holds nothing between calls. */
const float = new Float64Array(1);
const floatBytes = new Uint8Array(float.buffer);
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Appends gob's primitive encodings to a growing buffer. Bytes that were taken are never written to again, so they can be passed to a
 * socket without a copy; later messages use the rest of the buffer.
 */
export class GobWriter {
  #bytes: Uint8Array = NOTHING;
  #start = 0;
  #pos = 0;

  /** The number of bytes that were written and not taken yet; a position for `truncate` and `insert`. */
  get length(): number {
    return this.#pos - this.#start;
  }

  /** The bytes that were written and not taken yet. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(this.#start, this.#pos);
    this.#start = this.#pos;
    if (this.#bytes.length > BUFFER_BYTES) this.#reset();
    return taken;
  }

  /** Removes everything after the position `length`. */
  truncate(length: number): void {
    this.#pos = this.#start + length;
  }

  /** Inserts bytes at an earlier position. */
  insert(at: number, inserted: Uint8Array): void {
    this.#ensure(inserted.length);
    const from = this.#start + at;
    this.#bytes.copyWithin(from + inserted.length, from, this.#pos);
    this.#bytes.set(inserted, from);
    this.#pos += inserted.length;
  }

  /** Reserves room for a byte count, which `endCount` writes. */
  beginCount(): number {
    this.#ensure(1);
    this.#pos += 1;
    return this.length;
  }

  /** Writes the number of bytes since `beginCount` into the reserved room. */
  endCount(from: number): void {
    const count = this.length - from;
    const more = uintSize(count) - 1;
    if (more > 0) {
      this.#ensure(more);
      const content = this.#start + from;
      this.#bytes.copyWithin(content + more, content, this.#pos);
      this.#pos += more;
    }
    const end = this.#pos;
    this.#pos = this.#start + from - 1;
    this.uint(count);
    this.#pos = end;
  }

  /** An unsigned integer, at most 2^53. */
  uint(value: number): void {
    if (this.#bytes.length - this.#pos < 9) this.#ensure(9);
    if (value < 0x80) {
      this.#bytes[this.#pos++] = value;
      return;
    }
    const size = uintSize(value);
    this.#bytes[this.#pos] = 0x101 - size;
    let rest = value;
    for (let at = this.#pos + size - 1; at > this.#pos; at -= 1) {
      this.#bytes[at] = rest;
      rest = rest > 0xffffffff ? Math.floor(rest / 0x100) : rest >>> 8;
    }
    this.#pos += size;
  }

  /** A signed integer, at most 2^53 either way. */
  int(value: number): void {
    if (value >= 0 && value < 2 ** 52) this.uint(value * 2);
    else if (value < 0 && value >= -(2 ** 52)) this.uint(-value * 2 - 1);
    else this.int64(BigInt(value));
  }

  /** An unsigned 64-bit integer. */
  uint64(value: bigint): void {
    if (value <= 0xffffffffffffn) {
      this.uint(Number(value));
      return;
    }
    this.#ensure(9);
    const size = value > 0xffffffffffffffn ? 8 : 7;
    this.#bytes[this.#pos] = 0x100 - size;
    let rest = value;
    for (let at = this.#pos + size; at > this.#pos; at -= 1, rest >>= 8n) this.#bytes[at] = Number(rest & 0xffn);
    this.#pos += size + 1;
  }

  /** A signed 64-bit integer. */
  int64(value: bigint): void {
    this.uint64(foldSigned(value));
  }

  /** A float: its IEEE 754 bytes reversed, as an unsigned integer, without leading zero bytes. */
  float(value: number): void {
    float[0] = value;
    if (!littleEndian) floatBytes.reverse();
    let first = 0;
    while (first < 7 && floatBytes[first] === 0) first += 1;
    if (this.#bytes.length - this.#pos < 9) this.#ensure(9);
    if (first < 7 || floatBytes[7]! >= 0x80) this.#bytes[this.#pos++] = 0xf8 + first;
    for (let at = first; at < 8; at += 1) this.#bytes[this.#pos++] = floatBytes[at]!;
  }

  /** Bytes, preceded by their count. */
  blob(value: Uint8Array): void {
    this.uint(value.length);
    this.raw(value);
  }

  raw(value: Uint8Array): void {
    this.#ensure(value.length);
    this.#bytes.set(value, this.#pos);
    this.#pos += value.length;
  }

  /** A string in UTF-8, preceded by its byte count. Lone surrogates become U+FFFD. */
  text(value: string): void {
    if (value.length <= SHORT_TEXT && this.#ascii(value)) return;
    this.#ensure(value.length * 3 + 9);
    const guess = uintSize(value.length);
    const from = this.#pos + guess;
    const { written } = utf8.encodeInto(value, this.#bytes.subarray(from, from + value.length * 3));
    const size = uintSize(written);
    if (size !== guess) this.#bytes.copyWithin(this.#pos + size, from, from + written);
    this.uint(written);
    this.#pos += written;
  }

  /** Encodes short ASCII without TextEncoder, whose call takes longer (13 ns against 75 ns for five letters). */
  #ascii(value: string): boolean {
    this.#ensure(SHORT_TEXT + 1);
    const from = this.#pos;
    this.#bytes[from] = value.length;
    for (let i = 0; i < value.length; i += 1) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      this.#bytes[from + 1 + i] = code;
    }
    this.#pos = from + 1 + value.length;
    return true;
  }

  #ensure(bytes: number): void {
    if (this.#bytes.length - this.#pos >= bytes) return;
    const held = this.length;
    const grown = new Uint8Array(Math.max(BUFFER_BYTES, held * 2, held + bytes));
    grown.set(this.#bytes.subarray(this.#start, this.#pos));
    this.#bytes = grown;
    this.#start = 0;
    this.#pos = held;
  }

  #reset(): void {
    this.#bytes = NOTHING;
    this.#start = 0;
    this.#pos = 0;
  }
}
