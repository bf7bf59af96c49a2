import { EMPTY_BYTES } from './bytes.js';

/** Smaller chunks are copied into a common block while they wait, because a Uint8Array for one byte takes 200 bytes of memory. */
const SMALL_CHUNK_BYTES = 512;
const BLOCK_BYTES = 4096;
/** Empty slots at the front of the list above which it is compacted. */
const MAX_SPENT_SLOTS = 64;

/**
 * Received bytes that wait to be parsed: chunks are pushed at the back, exact lengths are read at the front, without a copy when the
 * bytes lie in one chunk. It has no limit: its owner checks announced lengths before it waits for the bytes. Pushed chunks belong to the
 * queue and results may share their memory, so neither may be written to.
 *
 * @example
 * queue.push(chunk);
 * const header = queue.peek(12);
 * if (header !== undefined) queue.skip(12);
 */
export class ChunkQueue {
  readonly #chunks: Uint8Array[] = [];
  /** Index of the first chunk that still has bytes. */
  #first = 0;
  /** How many bytes of the first chunk were read. */
  #offset = 0;
  #byteLength = 0;
  /** The memory of the last chunk, when that was put together from small ones. */
  #block: Uint8Array | undefined;

  /** The number of bytes in the queue. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** The whole chunk at the front, with the bytes of it that were read; undefined when the queue is empty. */
  get head(): Uint8Array | undefined {
    return this.#chunks[this.#first];
  }

  /** How many bytes of `head` were read. */
  get headOffset(): number {
    return this.#offset;
  }

  /** Adds a chunk at the back and takes ownership of it. */
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

  /** Removes and returns the next `length` bytes; undefined when there are fewer. */
  read(length: number): Uint8Array | undefined {
    const bytes = this.peek(length);
    if (bytes !== undefined) this.skip(length);
    return bytes;
  }

  /** Removes and returns what is left of the first chunk, at most `maxLength` bytes, without a copy; undefined when that is nothing. */
  readSome(maxLength: number): Uint8Array | undefined {
    const chunk = this.#chunks[this.#first];
    if (chunk === undefined || maxLength <= 0) return undefined;
    return this.read(Math.min(maxLength, chunk.length - this.#offset));
  }

  /** Returns the next `length` bytes without removing them; undefined when there are fewer. */
  peek(length: number): Uint8Array | undefined {
    if (length > this.#byteLength) return undefined;
    if (length === 0) return EMPTY_BYTES;
    const chunk = this.#chunks[this.#first]!;
    const end = this.#offset + length;
    if (end > chunk.length) return this.#copy(length);
    return this.#offset === 0 && end === chunk.length ? chunk : chunk.subarray(this.#offset, end);
  }

  /** The byte at an index from the front; undefined when it has not arrived. */
  at(index: number): number | undefined {
    if (index < 0 || index >= this.#byteLength) return undefined;
    let position = this.#offset + index;
    for (let slot = this.#first; ; slot++) {
      const chunk = this.#chunks[slot]!;
      if (position < chunk.length) return chunk[position];
      position -= chunk.length;
    }
  }

  /** Removes up to `length` bytes and returns how many it removed. */
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

  /** Removes everything. */
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
