/** Anything that can keep the event loop alive: a socket, a timer, a yamux session. */
export interface Refable {
  ref(): void;
  unref(): void;
}

/** How long `unref` is delayed: calls mostly follow each other, and an `unref` and a `ref` between two of them would be wasted. */
const UNREF_DELAY_MS = 50;

/**
 * Keeps the event loop alive while at least one user of a connection waits for something. The target counts as referenced when it is
 * passed in; without a user it is unreferenced after the delay.
 */
export class RefCount {
  readonly #target: Refable;
  #users = 0;
  #isReferenced = true;
  #delay: NodeJS.Timeout | undefined;

  constructor(target: Refable) {
    this.#target = target;
    this.#unrefLater();
  }

  /** Adds a user. */
  ref(): void {
    this.#users += 1;
    if (this.#isReferenced) return;
    this.#isReferenced = true;
    this.#target.ref();
  }

  /** Removes a user. */
  unref(): void {
    this.#users -= 1;
    if (this.#users === 0 && this.#delay === undefined) this.#unrefLater();
  }

  /** To be called when the target is closed: it is not touched again. */
  close(): void {
    clearTimeout(this.#delay);
    this.#isReferenced = false;
  }

  #unrefLater(): void {
    this.#delay = setTimeout(() => {
      this.#delay = undefined;
      if (this.#users > 0) return;
      this.#isReferenced = false;
      this.#target.unref();
    }, UNREF_DELAY_MS).unref();
  }
}
