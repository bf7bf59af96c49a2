import type { SessionStream } from './stream.js';

/** Streams reset by us whose late frames are ignored; beyond it the oldest are forgotten. */
const MAX_RESET_IDS = 4096;

/** The streams of a session that are open or half-closed, and the ids of those that we have reset. */
export class StreamTable {
  readonly #open = new Map<number, SessionStream>();
  readonly #reset = new Set<number>();

  get size(): number {
    return this.#open.size;
  }

  get(id: number): SessionStream | undefined {
    return this.#open.get(id);
  }

  add(stream: SessionStream): void {
    this.#open.set(stream.id, stream);
  }

  remove(id: number): void {
    this.#open.delete(id);
  }

  /** Takes a stream out that the peer does not know to be over: it may go on for a while. */
  markReset(id: number): void {
    this.#open.delete(id);
    this.#reset.add(id);
    if (this.#reset.size <= MAX_RESET_IDS) return;
    for (const oldest of this.#reset) {
      this.#reset.delete(oldest);
      return;
    }
  }

  /** True for a stream that we have reset a while ago. */
  wasReset(id: number): boolean {
    return this.#reset.has(id);
  }

  /** Every open stream, as of now. */
  all(): SessionStream[] {
    return [...this.#open.values()];
  }
}
