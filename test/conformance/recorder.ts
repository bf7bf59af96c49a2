import { bounded } from './bounded.js';

/** Keeps what was emitted and lets tests wait for more, bounded. */
export class Recorder<T> {
  readonly #items: T[] = [];
  readonly #waiting = new Set<() => void>();

  get items(): readonly T[] {
    return this.#items;
  }

  push(item: T): void {
    this.#items.push(item);
    for (const check of this.#waiting) check();
  }

  /** The first item that matches, waiting for it if need be. */
  find(matches: (item: T) => boolean, what: string): Promise<T> {
    return this.until((items) => items.find(matches), what);
  }

  /** The first result other than undefined that `look` gives, asked again with every new item. */
  async until<R>(look: (items: readonly T[]) => R | undefined, what: string): Promise<R> {
    let check: (() => void) | undefined;
    const found = new Promise<R>((resolve) => {
      check = () => {
        const result = look(this.#items);
        if (result !== undefined) resolve(result);
      };
      this.#waiting.add(check);
      check();
    });
    try {
      return await bounded(found, what);
    } finally {
      if (check !== undefined) this.#waiting.delete(check);
    }
  }
}

/** The first `length` bytes of recorded chunks, once there are so many. */
export function bytes(recorder: Recorder<Uint8Array>, length: number, what: string): Promise<Buffer> {
  return recorder.until((chunks) => {
    const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    return total < length ? undefined : Buffer.concat(chunks);
  }, what);
}
