/** One listener for each signal. Module-level, so that callers in different rooms share it. */
const listeners = new WeakMap<AbortSignal, AbortListener>();

/**
 * Calls back once when the signal is aborted, not when it already is; returns a function that unregisters the callback. All callbacks
 * of a signal share one listener: Node 20 warns of a leak at the eleventh.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let listener = listeners.get(signal);
  if (listener === undefined) {
    listener = new AbortListener(signal);
    listeners.set(signal, listener);
  }
  return listener.add(callback);
}

class AbortListener {
  readonly #signal: AbortSignal;
  readonly #callbacks = new Set<() => void>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(callback: () => void): () => void {
    // The same function may be registered several times.
    const own = (): void => callback();
    if (this.#callbacks.size === 0) this.#signal.addEventListener('abort', this.#dispatch, { once: true });
    this.#callbacks.add(own);
    return () => {
      if (!this.#callbacks.delete(own) || this.#callbacks.size > 0) return;
      this.#signal.removeEventListener('abort', this.#dispatch);
    };
  }

  /** In the order of registration; a callback that an earlier one unregisters is not called. */
  readonly #dispatch = (): void => {
    for (const callback of this.#callbacks) {
      this.#callbacks.delete(callback);
      callback();
    }
  };
}
