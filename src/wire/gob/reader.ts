import { malformed } from './failure.js';
import { exactInteger, unfoldSigned } from './integers.js';

const SHORT_TEXT = 8;
const NOTHING = new Uint8Array(0);

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const float = new Float64Array(1);
const floatBytes = new Uint8Array(float.buffer);
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Reads gob's primitive encodings from one message. Never reads beyond it; every failure is a GobFailure. */
export class GobReader {
  bytes: Uint8Array = NOTHING;
  pos = 0;
  end = 0;

  /** Reads from another message from here on. */
  open(message: Uint8Array): void {
    this.bytes = message;
    this.pos = 0;
    this.end = message.length;
  }

  get remaining(): number {
    return this.end - this.pos;
  }

  /** An unsigned integer that must be below 2^53: a count, a delta, an id. */
  count(): number {
    const value = this.uint();
    if (typeof value === 'bigint') throw malformed(`the count ${value} is out of range`);
    return value;
  }

  /** A byte count, which cannot exceed what is left of the message. */
  byteCount(): number {
    const count = this.count();
    if (count > this.end - this.pos) throw malformed(`${count} bytes announced, ${this.end - this.pos} left`);
    return count;
  }

  /** An unsigned integer; a bigint where a number would lose bits. */
  uint(): number | bigint {
    if (this.pos >= this.end) throw malformed('the message ends where an integer was expected');
    const first = this.bytes[this.pos++]!;
    if (first < 0x80) return first;
    const size = 0x100 - first;
    if (size > 8) throw malformed(`0x${first.toString(16)} cannot begin an integer`);
    if (size > this.end - this.pos) throw malformed('the message ends within an integer');
    let value = 0;
    if (size <= 6) {
      for (let i = 0; i < size; i += 1) value = value * 0x100 + this.bytes[this.pos++]!;
      return value;
    }
    return this.#long(size);
  }

  /** A signed integer; a bigint where a number would lose bits. */
  int(): number | bigint {
    const folded = this.uint();
    if (typeof folded === 'bigint') return exactInteger(unfoldSigned(folded));
    return folded % 2 === 0 ? folded / 2 : -(folded - 1) / 2 - 1;
  }

  /** A type id, negative for a definition. */
  typeId(): number {
    const id = this.int();
    if (typeof id === 'bigint' || id > 0x7fffffff || id < -0x7fffffff)
      throw malformed(`the type id ${id} is out of range`);
    return id;
  }

  float(): number {
    const first = this.bytes[this.pos];
    if (first === undefined || this.pos >= this.end) throw malformed('the message ends where a float was expected');
    const size = first < 0x80 ? 1 : 0x100 - first;
    if (size > 8) throw malformed(`0x${first.toString(16)} cannot begin a float`);
    if (first >= 0x80) this.pos += 1;
    if (size > this.end - this.pos) throw malformed('the message ends within a float');
    floatBytes.fill(0, 0, 8 - size);
    for (let at = 8 - size; at < 8; at += 1) floatBytes[at] = this.bytes[this.pos++]!;
    if (!littleEndian) floatBytes.reverse();
    return float[0]!;
  }

  /**
   * Bytes with their count. A view on the received chunk when they are most of it, so that megabytes are not copied; else a copy,
   * so that a few bytes do not keep a whole chunk alive.
   */
  blob(): Uint8Array {
    const size = this.byteCount();
    const from = this.pos;
    this.pos += size;
    return size * 2 >= this.bytes.buffer.byteLength
      ? this.bytes.subarray(from, from + size)
      : this.bytes.slice(from, from + size);
  }

  /** A string with its byte count. Bytes that are not UTF-8 become U+FFFD. */
  text(): string {
    const size = this.byteCount();
    const from = this.pos;
    this.pos += size;
    if (size > SHORT_TEXT) return utf8.decode(this.bytes.subarray(from, this.pos));
    let text = '';
    for (let at = from; at < this.pos; at += 1) {
      const code = this.bytes[at]!;
      if (code > 0x7f) return utf8.decode(this.bytes.subarray(from, this.pos));
      text += String.fromCharCode(code);
    }
    return text;
  }

  skipBytes(): void {
    const count = this.byteCount();
    this.pos += count;
  }

  #long(size: number): number | bigint {
    let value = 0n;
    for (let i = 0; i < size; i += 1) value = (value << 8n) | BigInt(this.bytes[this.pos++]!);
    return exactInteger(value);
  }
}
