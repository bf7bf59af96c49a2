import { Duplex } from 'node:stream';

/** More than HTTP/2's windows let wait: whoever exceeds it does not keep to them. */
const MAX_QUEUE_BYTES = 16 * 1024 * 1024;

/**
 * Two ends of an in-memory connection that may carry HTTP/2: bytes are delivered on a later turn, a write is acknowledged when it is
 * queued and not when it is read, and the destruction of one end reaches the other. An end that lets more than 16 MiB wait is
 * destroyed with an error.
 */
export function duplexPair(): [Duplex, Duplex] {
  const left = new PairEnd();
  const right = new PairEnd();
  left.peer = right;
  right.peer = left;
  return [left, right];
}

class PairEnd extends Duplex {
  peer: PairEnd | undefined;
  /** What the other end wrote; null is its end. */
  readonly #incoming: (Uint8Array | null)[] = [];
  #incomingBytes = 0;
  #wanted = false;
  #scheduled = false;

  override _read(): void {
    this.#wanted = true;
    this.#schedule();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const peer = this.peer;
    if (peer === undefined || peer.destroyed) return done(new Error('the other end of the pair is gone'));
    peer.accept(chunk);
    process.nextTick(done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.peer?.accept(null);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#incoming.length = 0;
    const peer = this.peer;
    setImmediate(() => peer?.abandon());
    done(error);
  }

  accept(chunk: Uint8Array | null): void {
    if (this.destroyed) return;
    this.#incoming.push(chunk);
    this.#incomingBytes += chunk?.length ?? 0;
    if (this.#incomingBytes > MAX_QUEUE_BYTES) this.destroy(new Error('the pair holds more than 16 MiB'));
    else this.#schedule();
  }

  /** The other end is gone: deliver what it had written, then go as well. */
  abandon(): void {
    if (this.destroyed) return;
    if (this.readableEnded) {
      this.destroy();
      return;
    }
    this.once('end', () => this.destroy());
    if (this.#incoming.at(-1) !== null && !this.readableEnded) this.accept(null);
  }

  #schedule(): void {
    if (this.#scheduled || !this.#wanted || this.#incoming.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => this.#deliver());
  }

  #deliver(): void {
    this.#scheduled = false;
    while (this.#wanted && this.#incoming.length > 0 && !this.destroyed) {
      const chunk = this.#incoming.shift()!;
      this.#incomingBytes -= chunk?.length ?? 0;
      this.#wanted = this.push(chunk) && chunk !== null;
    }
  }
}
