import { Duplex } from 'node:stream';

/** One end writes into the other's readable at once, from inside `_write`: the hardest case for what runs on top. */
class SynchronousEnd extends Duplex {
  other: SynchronousEnd | undefined;
  #acknowledge: (() => void) | undefined;

  override _read(): void {
    const acknowledge = this.#acknowledge;
    this.#acknowledge = undefined;
    acknowledge?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.other!.push(chunk)) done();
    else this.other!.#acknowledge = done;
  }

  override _final(done: () => void): void {
    this.other!.push(null);
    done();
  }
}

/** A connection in memory without any delay. Node's own `duplexPair` is like that. */
export function synchronousPair(): [Duplex, Duplex] {
  const left = new SynchronousEnd();
  const right = new SynchronousEnd();
  left.other = right;
  right.other = left;
  return [left, right];
}
