/** Blocks come in multiples of this, so that one serves messages of many sizes. */
const UNIT_BYTES = 64 * 1024;
/** A larger block is not kept. */
const MAX_BLOCK_BYTES = 2 * 1024 * 1024;
/** What the blocks that wait to be used again may take together. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;

interface Loan {
  readonly block: Buffer;
  /** Where the bytes end that are lent; -1 when none are. */
  end: number;
}

/**
 * Memory for what is on its way out, used again once it was written. Memory of its own for every message costs more than writing it:
 * the collector has to look through the whole heap for each 40 MB of it (1 GB/s of messages of 32 KiB: 620 µs of the main thread for
 * each MB, with the pool 360, of which the write is 180; Node 20).
 *
 * A block has one owner. Whoever takes it gives it back, or lends bytes of it to who will write them and gives it back in their place.
 * A block that is forgotten is memory like any other.
 */
export class BlockPool {
  readonly #free: Buffer[] = [];
  #freeBytes = 0;
  readonly #loans = new WeakMap<ArrayBufferLike, Loan>();

  /** A block of `bytes` or more. What it holds is left over from others. */
  take(bytes: number): Buffer {
    // The last one in is the one that the processor still has at hand.
    for (let index = this.#free.length - 1; index >= 0; index -= 1) {
      const block = this.#free[index]!;
      if (block.length < bytes || block.length > 2 * bytes + UNIT_BYTES) continue;
      this.#free.splice(index, 1);
      this.#freeBytes -= block.length;
      return block;
    }
    return Buffer.allocUnsafeSlow(Math.ceil(bytes / UNIT_BYTES) * UNIT_BYTES);
  }

  /** Takes a block back that nobody uses any more. */
  give(block: Buffer): void {
    if (block.length > MAX_BLOCK_BYTES) return;
    this.#free.push(block);
    this.#freeBytes += block.length;
    while (this.#freeBytes > MAX_KEPT_BYTES) this.#freeBytes -= this.#free.shift()!.length;
  }

  /** The first `bytes` of a block, for who writes them once and then gives back what `endOf` says. */
  lend(block: Buffer, bytes: number): Uint8Array<ArrayBuffer> {
    // Memory that Node allocates for a Buffer is never shared.
    const memory = block.buffer as ArrayBuffer;
    const loan = this.#loans.get(memory);
    if (loan === undefined) this.#loans.set(memory, { block, end: bytes });
    else loan.end = bytes;
    return new Uint8Array(memory, 0, bytes);
  }

  /** The block whose lent bytes end with this piece, once: it is to be given back when the piece, and all before it, were written. */
  endOf(piece: Uint8Array): Buffer | undefined {
    const loan = this.#loans.get(piece.buffer);
    if (loan === undefined || piece.byteOffset + piece.length !== loan.end) return undefined;
    loan.end = -1;
    return loan.block;
  }

  /** Takes a block back from who has copied all that was lent of it. A part is left alone: others may hold the rest. */
  giveBack(lent: Uint8Array): void {
    const block = lent.byteOffset === 0 ? this.endOf(lent) : undefined;
    if (block !== undefined) this.give(block);
  }
}

/** The blocks of this thread. */
export const blocks = new BlockPool();
