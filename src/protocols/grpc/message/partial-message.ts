import { EMPTY_BYTES } from '../../../wire/bytes.js';
import { allocateMessage } from './memory.js';

/** The least memory of a message that is longer. */
const LEAST_BYTES = 4 * 1024;
/** The most memory for the first bytes of a message: a longer message is moved once, while it is small. */
const FIRST_BYTES = 128 * 1024;
/** Up to `GENEROUS_BYTES` the memory may be this many times what was received, so that a message of 1 MiB is moved once. */
const GENEROUS_GROWTH = 16;
const GENEROUS_BYTES = 2 * 1024 * 1024;
/** Above that, this many times. */
const GROWTH = 2;

/**
 * A message of which only the beginning was received, in the memory in which it is handed out. Whatever length its prefix claims, that
 * is at most twice what was received, or where that is less than 2 MiB, 16 times as much but no more than 2 MiB.
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

  /** How many bytes were received. */
  get byteLength(): number {
    return this.#filled;
  }

  /** How many bytes of memory it holds. */
  get memoryBytes(): number {
    return this.#memory.length;
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
    const generous = Math.min(GENEROUS_GROWTH * needed, this.#filled === 0 ? FIRST_BYTES : GENEROUS_BYTES);
    const grown = allocateMessage(Math.min(this.#length, Math.max(LEAST_BYTES, generous, GROWTH * needed)));
    grown.set(this.#memory.subarray(0, this.#filled));
    this.#memory = grown;
  }
}
