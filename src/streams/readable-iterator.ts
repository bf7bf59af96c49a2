import { finished, type Readable } from 'node:stream';

interface Waiter<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Iterates a Readable of objects, which it opens with the first `next` and destroys with `return`. Unlike Node's own iterator it has
 * nothing open before, and its `return` does not wait for a `next` that is waiting: that one ends.
 */
export class ReadableIterator<T> implements AsyncIterator<T, undefined> {
  readonly #open: () => Readable;
  readonly #waiting: Waiter<T>[] = [];
  #readable: Readable | undefined;
  #ended = false;
  /** Why the Readable ended, until a `next` has rejected with it. */
  #failure: { readonly reason: unknown } | undefined;

  constructor(open: () => Readable) {
    this.#open = open;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      if (!this.#ended) this.#readable ??= this.#start();
      this.#waiting.push({ resolve, reject });
      this.#settle();
    });
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#end();
    return { done: true, value: undefined };
  }

  /** What a generator that delegates here calls when an error is thrown into it. */
  async throw(reason: unknown): Promise<IteratorResult<T, undefined>> {
    this.#end();
    throw reason;
  }

  #start(): Readable {
    const readable = this.#open();
    readable.on('readable', () => this.#settle());
    finished(readable, { writable: false }, (error) => {
      if (this.#ended) return;
      this.#ended = true;
      if (error !== null && error !== undefined) this.#failure = { reason: error };
      this.#settle();
    });
    return readable;
  }

  #end(): void {
    this.#ended = true;
    this.#failure = undefined;
    this.#readable?.destroy();
    this.#settle();
  }

  /** Gives buffered chunks to the reads that wait, the oldest first. */
  #settle(): void {
    while (this.#waiting.length > 0) {
      const value: T | null = this.#ended ? null : (this.#readable?.read() as T | null);
      if (value === null && !this.#ended) return;
      const waiter = this.#waiting.shift();
      const failure = this.#failure;
      if (value !== null) waiter?.resolve({ done: false, value });
      else if (failure === undefined) waiter?.resolve({ done: true, value: undefined });
      else {
        this.#failure = undefined;
        waiter?.reject(failure.reason);
      }
    }
  }
}
