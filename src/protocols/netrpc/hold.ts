/** What can keep the event loop alive. */
export interface Holder {
  ref(): void;
  unref(): void;
}

/** Calls come one after the other; to let go between them would be work for each of them. */
const LINGER_MS = 50;

/**
 * Lets a connection keep the event loop alive while somebody waits for something of it, and a moment longer. It holds from the
 * beginning, and lets go when nothing is taken.
 */
export class Hold {
  readonly #holder: Holder;
  #count = 0;
  #holds = true;
  #linger: NodeJS.Timeout | undefined;

  constructor(holder: Holder) {
    this.#holder = holder;
    this.#letGoSoon();
  }

  take(): void {
    this.#count += 1;
    if (this.#holds) return;
    this.#holds = true;
    this.#holder.ref();
  }

  release(): void {
    this.#count -= 1;
    if (this.#count === 0 && this.#linger === undefined) this.#letGoSoon();
  }

  /** The holder is gone. */
  end(): void {
    clearTimeout(this.#linger);
    this.#holds = false;
  }

  #letGoSoon(): void {
    this.#linger = setTimeout(() => {
      this.#linger = undefined;
      if (this.#count > 0) return;
      this.#holds = false;
      this.#holder.unref();
    }, LINGER_MS).unref();
  }
}
