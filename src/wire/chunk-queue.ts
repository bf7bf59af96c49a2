import { EMPTY_BYTES } from './bytes.js';

/** Chunks below this size that have to wait are copied together, so that a peer's one-byte writes cannot cost 200 bytes each. */
const SMALL_CHUNK_BYTES = 512;
const BLOCK_BYTES = 4096;
/** How many used-up slots at the front of the list are tolerated before it is moved together. */
const MAX_SPENT_SLOTS = 64;

/**
 * Received bytes that wait to be parsed: chunks go in at the back, exact lengths come out at the front. Without a copy when the
 * wanted bytes lie inside one chunk. Has no limit of its own: the owner judges lengths at the header, before it lets bytes
 * gather. Pushed chunks belong to the queue and results may share their memory, so neither may be written to.
 */
export class ChunkQueue {
  readonly #chunks: Uint8Array[] = [];
  /** Index of the first chunk that still has bytes. */
  #first = 0;
  /** How many bytes of the first chunk are gone. */
  #offset = 0;
  #byteLength = 0;
  /** The block behind the last chunk, when that chunk is a gathering of small ones. */
  #block: Uint8Array | undefined;

  /** How many bytes wait. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** The chunk at the front, those of its bytes included that are gone; undefined when nothing waits. */
  get head(): Uint8Array | undefined {
    return this.#chunks[this.#first];
  }

  /** How many bytes of `head` are gone. */
  get headOffset(): number {
    return this.#offset;
  }

  /** Adds a chunk at the back and takes it over. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (chunk.length < SMALL_CHUNK_BYTES && this.#byteLength > 0) {
      this.#gather(chunk);
    } else {
      this.#chunks.push(chunk);
      this.#block = undefined;
    }
    this.#byteLength += chunk.length;
  }

  /** The next `length` bytes, taken out; undefined when fewer wait. */
  read(length: number): Uint8Array | undefined {
    const bytes = this.peek(length);
    if (bytes !== undefined) this.skip(length);
    return bytes;
  }

  /** Between 1 and `maxLength` bytes, never copied: what is left of the first chunk. Undefined when none wait or none are wanted. */
  readSome(maxLength: number): Uint8Array | undefined {
    const chunk = this.#chunks[this.#first];
    if (chunk === undefined || maxLength <= 0) return undefined;
    return this.read(Math.min(maxLength, chunk.length - this.#offset));
  }

  /** The next `length` bytes, left in place; undefined when fewer wait. */
  peek(length: number): Uint8Array | undefined {
    if (length > this.#byteLength) return undefined;
    if (length === 0) return EMPTY_BYTES;
    const chunk = this.#chunks[this.#first]!;
    const end = this.#offset + length;
    if (end > chunk.length) return this.#copy(length);
    return this.#offset === 0 && end === chunk.length ? chunk : chunk.subarray(this.#offset, end);
  }

  /** The byte at a distance from the front; undefined when it has not come yet. */
  at(index: number): number | undefined {
    if (index < 0 || index >= this.#byteLength) return undefined;
    let position = this.#offset + index;
    for (let slot = this.#first; ; slot++) {
      const chunk = this.#chunks[slot]!;
      if (position < chunk.length) return chunk[position];
      position -= chunk.length;
    }
  }

  /** Drops up to `length` bytes and says how many: fewer when fewer wait. */
  skip(length: number): number {
    const skipped = Math.min(length, this.#byteLength);
    this.#byteLength -= skipped;
    this.#offset += skipped;
    while (this.#first < this.#chunks.length) {
      const size = this.#chunks[this.#first]!.length;
      if (this.#offset < size) break;
      this.#offset -= size;
      this.#chunks[this.#first++] = EMPTY_BYTES;
    }
    this.#compact();
    return skipped;
  }

  /** Drops everything. */
  clear(): void {
    this.skip(this.#byteLength);
  }

  #copy(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let filled = 0;
    let from = this.#offset;
    for (let slot = this.#first; filled < length; slot++) {
      const chunk = this.#chunks[slot]!;
      const part = chunk.subarray(from, from + length - filled);
      bytes.set(part, filled);
      filled += part.length;
      from = 0;
    }
    return bytes;
  }

  #gather(chunk: Uint8Array): void {
    const last = this.#chunks.length - 1;
    const used = this.#block === undefined ? 0 : this.#chunks[last]!.length;
    if (this.#block !== undefined && used + chunk.length <= this.#block.length) {
      this.#block.set(chunk, used);
      this.#chunks[last] = this.#block.subarray(0, used + chunk.length);
      return;
    }
    this.#block = new Uint8Array(BLOCK_BYTES);
    this.#block.set(chunk);
    this.#chunks.push(this.#block.subarray(0, chunk.length));
  }

  #compact(): void {
    if (this.#first === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#first = 0;
      this.#block = undefined;
    } else if (this.#first > MAX_SPENT_SLOTS && this.#first * 2 > this.#chunks.length) {
      this.#chunks.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
