import { malformed } from '../failure.js';
import { exactInteger, unfoldSigned } from '../integers.js';
import { readText } from './text.js';

const NOTHING = new Uint8Array(0);
const POOL_BYTES = 8192;
const MAX_POOLED_BYTES = 2048;
const NO_VIEW = new DataView(NOTHING.buffer);

/** Scratch space of `GobReader.float`; holds nothing between calls. */
const shortFloat = new DataView(new ArrayBuffer(8));

/** Reads gob's primitive encodings from one message. Never reads beyond it; every failure is a GobFailure. */
export class GobReader {
  bytes: Uint8Array = NOTHING;
  pos = 0;
  end = 0;
  /** A view of `#viewed`, made when first needed. */
  #view: DataView = NO_VIEW;
  #viewed: Uint8Array = NOTHING;
  /** A buffer that small copies share; the part before `#poolPos` is in use. */
  #pool: Uint8Array = NOTHING;
  #poolPos = 0;

  /** Sets the message to read from. */
  open(bytes: Uint8Array, from = 0, end = bytes.length): void {
    this.bytes = bytes;
    this.pos = from;
    this.end = end;
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
    let value = this.bytes[this.pos++]!;
    for (let i = 1; i < size; i += 1) value = value * 0x100 + this.bytes[this.pos++]!;
    return size <= 6 ? value : this.#long(size);
  }

  /** A signed integer; a bigint where a number would lose bits. */
  int(): number | bigint {
    const folded = this.uint();
    if (typeof folded === 'bigint') return exactInteger(unfoldSigned(folded));
    if (folded <= 0x7fffffff) return (folded & 1) === 0 ? folded >> 1 : ~(folded >> 1);
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
    this.pos += size;
    if (size === 8) return this.#viewOf(this.bytes).getFloat64(this.pos - 8, true);
    shortFloat.setFloat64(0, 0);
    for (let at = 1; at <= size; at += 1) shortFloat.setUint8(8 - at, this.bytes[this.pos - at]!);
    return shortFloat.getFloat64(0, true);
  }

  /**
   * Bytes, preceded by their count: a view on the received chunk where that keeps little else in memory, else a copy. Small copies share a
   * buffer, as Node's small Buffers do: a buffer for each takes 600 ns, six times as long.
   */
  blob(): Uint8Array {
    const size = this.byteCount();
    const source = this.bytes.subarray(this.pos, this.pos + size);
    this.pos += size;
    const kept = source.buffer.byteLength;
    if (kept <= POOL_BYTES || size * 2 >= kept) return source;
    return size <= MAX_POOLED_BYTES ? this.#pooled(source) : source.slice();
  }

  #pooled(source: Uint8Array): Uint8Array {
    if (this.#pool.length - this.#poolPos < source.length) {
      this.#pool = new Uint8Array(POOL_BYTES);
      this.#poolPos = 0;
    }
    const copy = this.#pool.subarray(this.#poolPos, this.#poolPos + source.length);
    copy.set(source);
    this.#poolPos += source.length;
    return copy;
  }

  /** A string, preceded by its byte count. Bytes that are not UTF-8 become U+FFFD. */
  text(): string {
    const size = this.byteCount();
    const from = this.pos;
    this.pos += size;
    return readText(this.bytes, from, this.pos);
  }

  skipBytes(): void {
    const count = this.byteCount();
    this.pos += count;
  }

  /** The seven or eight bytes before the position. */
  #long(size: number): number | bigint {
    let value = 0n;
    for (let at = this.pos - size; at < this.pos; at += 1) value = (value << 8n) | BigInt(this.bytes[at]!);
    return exactInteger(value);
  }

  #viewOf(bytes: Uint8Array): DataView {
    if (this.#viewed !== bytes) {
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      this.#viewed = bytes;
    }
    return this.#view;
  }
}
