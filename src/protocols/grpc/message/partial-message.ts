import { EMPTY_BYTES } from '../../../wire/bytes.js';
import { allocateMessage } from './memory.js';

/** The least memory of a message that is longer. */
const LEAST_BYTES = 4 * 1024;

/** The most memory for a beginning: a longer message moves once, as long as it is little. */
const FIRST_BYTES = 128 * 1024;

/** A message of 1 MiB moves once at most, and then no more than its beginning does. */
const GROWTH = 16;

/**
 * A message of which only the beginning has come, in the memory in which it is handed out. That is never more than sixteen times
 * what has come, or 4 KiB, whatever length its prefix claims.
 */
export class PartialMessage {
  readonly compressed: boolean;
  readonly #length: number;
  #memory: Uint8Array = EMPTY_BYTES;
  #filled = 0;

  constructor(length: number, compressed: boolean) {
    this.compressed = compressed;
    this.#length = length;
  }

  get isComplete(): boolean {
    return this.#filled === this.#length;
  }

  /** How much has come. */
  get byteLength(): number {
    return this.#filled;
  }

  /** The message, once it is complete. */
  get bytes(): Uint8Array {
    return this.#memory;
  }

  /** Copies what belongs to it out of a chunk and returns where that ends. */
  add(chunk: Uint8Array, from: number): number {
    const to = Math.min(chunk.length, from + this.#length - this.#filled);
    const filled = this.#filled + to - from;
    if (filled > this.#memory.length) this.#grow(filled);
    this.#memory.set(from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to), this.#filled);
    this.#filled = filled;
    return to;
  }

  #grow(needed: number): void {
    const wanted = this.#filled === 0 ? Math.min(FIRST_BYTES, GROWTH * needed) : GROWTH * needed;
    const grown = allocateMessage(Math.min(this.#length, Math.max(LEAST_BYTES, needed, wanted)));
    grown.set(this.#memory.subarray(0, this.#filled));
    this.#memory = grown;
  }
}
