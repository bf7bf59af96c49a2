import { Duplex } from 'node:stream';
import { setImmediate } from '../streams/turns.js';

/** More than HTTP/2's flow-control windows allow to be outstanding, so that only a sender that ignores them exceeds it. */
const MAX_QUEUE_BYTES = 16 * 1024 * 1024;

/**
 * The two ends of a connection in memory that behaves like a socket, so that HTTP/2 can run on it: bytes are delivered on a later turn
 * of the event loop, a write is acknowledged when it is queued, not when it is read, and destroying one end destroys the other. An end
 * with more than 16 MiB unread is destroyed with an error.
 *
 * @example
 * const [near, far] = duplexPair();
 * near.write('hello');
 * const [chunk] = await once(far, 'data');
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
  /** What the other end wrote and was not read yet; null is the end of it. */
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
    if (peer === undefined || peer.destroyed) return done(new Error('The other end of the pair is closed.'));
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
    setImmediate(() => peer?.closeAfterRead());
    done(error);
  }

  accept(chunk: Uint8Array | null): void {
    if (this.destroyed) return;
    this.#incoming.push(chunk);
    this.#incomingBytes += chunk?.length ?? 0;
    if (this.#incomingBytes > MAX_QUEUE_BYTES)
      this.destroy(new Error('More than 16 MiB were written to this pair and not read. Read it, or write less.'));
    else this.#schedule();
  }

  /** The other end was destroyed: delivers what it had written, then destroys this end. */
  closeAfterRead(): void {
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
