import { EMPTY_BYTES } from '../../../wire/bytes.js';
import { allocateMessage } from './memory.js';

/** The first allocation is at least this, or the message's length if that is less. */
const LEAST_BYTES = 4 * 1024;
/** The first allocation is at most this, or twice what was received if that is more. */
const FIRST_BYTES = 128 * 1024;
/** Up to FAST_GROWTH_BYTES the memory grows to this many times what was received, so that a message of 1 MiB is moved once. */
const FAST_GROWTH = 16;
const FAST_GROWTH_BYTES = 2 * 1024 * 1024;
/** Above that it grows to this many times what was received. */
const GROWTH = 2;

/**
 * A message of which only the beginning was received. Its memory becomes the finished message without a further copy. A prefix can claim
 * any length, so memory follows what was received: up to 2 MiB it is at most 16 times as much, above that at most twice as much.
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

  /** Copies the part of `chunk`, from `from` on, that belongs to this message; returns where that part ends. */
  add(chunk: Uint8Array, from: number): number {
    const to = Math.min(chunk.length, from + this.#length - this.#filled);
    const filled = this.#filled + to - from;
    if (filled > this.#memory.length) this.#grow(filled);
    this.#memory.set(from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to), this.#filled);
    this.#filled = filled;
    return to;
  }

  #grow(needed: number): void {
    const fast = Math.min(FAST_GROWTH * needed, this.#filled === 0 ? FIRST_BYTES : FAST_GROWTH_BYTES);
    const grown = allocateMessage(Math.min(this.#length, Math.max(LEAST_BYTES, fast, GROWTH * needed)));
    grown.set(this.#memory.subarray(0, this.#filled));
    this.#memory = grown;
  }
}
