/** The first memory of a message that is longer: about what one read brings. */
const FIRST_BYTES = 64 * 1024;

/** A message of 1 MiB moves once. */
const GROWTH = 16;

/**
 * A message of which only the beginning has come, in the memory in which it is handed out. That is never more than sixteen times
 * what has come, or 64 KiB, whatever length its prefix claims.
 */
export class PartialMessage {
  readonly compressed: boolean;
  readonly #length: number;
  #memory: Buffer;
  #filled = 0;

  constructor(length: number, compressed: boolean) {
    this.compressed = compressed;
    this.#length = length;
    this.#memory = Buffer.allocUnsafe(Math.min(length, FIRST_BYTES));
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
    const grown = Buffer.allocUnsafe(Math.min(this.#length, GROWTH * needed));
    this.#memory.copy(grown, 0, 0, this.#filled);
    this.#memory = grown;
  }
}
