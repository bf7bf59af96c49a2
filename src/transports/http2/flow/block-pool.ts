/** Blocks come in multiples of this, so that one serves messages of many sizes. */
const UNIT_BYTES = 64 * 1024;
/** A larger block is not kept. */
const MAX_BLOCK_BYTES = 2 * 1024 * 1024;
/** Most bytes of free blocks. */
const MAX_FREE_BYTES = 4 * 1024 * 1024;

interface Loan {
  readonly block: Buffer;
  /** Where the lent bytes end; -1 when none are lent. */
  end: number;
}

/**
 * Memory for what is written to connections, reused once it was written. New memory for every message costs more than the write: V8
 * marks the whole heap after each 40 MB of it (server of a stream of messages of 32 KiB: 12 µs of CPU time for each instead of 23, of
 * 64 KiB 18 instead of 43; Node 20).
 *
 * The outbox of a session owns the pool. Who encodes a message takes a block, writes the message to it and passes the block's first
 * bytes on with `lend`; `Http2Stream.write` takes them over, and the outbox returns the block when they were written. A block that is not
 * returned is garbage like any other.
 */
export class BlockPool {
  readonly #free: Buffer[] = [];
  #freeBytes = 0;
  readonly #loans = new WeakMap<ArrayBufferLike, Loan>();

  /** A block of at least `bytes`, with whatever it held before. */
  take(bytes: number): Buffer {
    // The block that was returned last is the likeliest to be in the processor's caches.
    for (let index = this.#free.length - 1; index >= 0; index -= 1) {
      const block = this.#free[index]!;
      if (block.length < bytes || block.length > 2 * bytes + UNIT_BYTES) continue;
      this.#free.splice(index, 1);
      this.#freeBytes -= block.length;
      return block;
    }
    return Buffer.allocUnsafeSlow(Math.ceil(bytes / UNIT_BYTES) * UNIT_BYTES);
  }

  /** Returns a block that is no longer used. */
  give(block: Buffer): void {
    if (block.length > MAX_BLOCK_BYTES) return;
    this.#free.push(block);
    this.#freeBytes += block.length;
    while (this.#freeBytes > MAX_FREE_BYTES) this.#freeBytes -= this.#free.shift()!.length;
  }

  /** The first `bytes` of a block, to be written to a connection once. */
  lend(block: Buffer, bytes: number): Uint8Array<ArrayBuffer> {
    // Memory that Node allocates for a Buffer is never shared.
    const memory = block.buffer as ArrayBuffer;
    const loan = this.#loans.get(memory);
    if (loan === undefined) this.#loans.set(memory, { block, end: bytes });
    else loan.end = bytes;
    return new Uint8Array(memory, 0, bytes);
  }

  /** The block whose lent bytes end with this piece, once: it may be returned when the piece, and all before it, were written. */
  endOf(piece: Uint8Array): Buffer | undefined {
    const loan = this.#loans.get(piece.buffer);
    if (loan === undefined || piece.byteOffset + piece.length !== loan.end) return undefined;
    loan.end = -1;
    return loan.block;
  }
}

/** The pool of this thread: a block that one session has written serves the next message of any other. */
export const blocks = new BlockPool();
