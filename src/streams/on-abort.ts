/** Who waits for which signal. */
const waitings = new WeakMap<AbortSignal, AbortWaiting>();

/**
 * Calls back when the signal is aborted, not when it was already; returns what takes that back. However many wait for one signal, it
 * has one listener, and none once nobody waits: Node 20 takes the eleventh for a leak and warns the user.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let waiting = waitings.get(signal);
  if (waiting === undefined) {
    waiting = new AbortWaiting(signal);
    waitings.set(signal, waiting);
  }
  return waiting.add(callback);
}

class AbortWaiting {
  readonly #signal: AbortSignal;
  readonly #callbacks = new Set<() => void>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(callback: () => void): () => void {
    // The same function may wait several times.
    const own = (): void => callback();
    if (this.#callbacks.size === 0) this.#signal.addEventListener('abort', this.#tell, { once: true });
    this.#callbacks.add(own);
    return () => {
      if (!this.#callbacks.delete(own) || this.#callbacks.size > 0) return;
      this.#signal.removeEventListener('abort', this.#tell);
    };
  }

  /** In the order in which they came; who has been taken back meanwhile is not told. */
  readonly #tell = (): void => {
    for (const callback of this.#callbacks) {
      this.#callbacks.delete(callback);
      callback();
    }
  };
}
