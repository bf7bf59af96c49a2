import { clearImmediate, setImmediate } from '../../streams/turns.js';

/**
 * A timeout that is cheap to arm again and keeps no process alive. Before it expires the event loop reads once more, because after this
 * process was blocked or stopped the answer may already be in the socket.
 */
export class Deadline {
  readonly #timeoutMs: number;
  readonly #onExpired: () => void;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #armed = false;

  constructor(timeoutMs: number, onExpired: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#onExpired = onExpired;
  }

  get isArmed(): boolean {
    return this.#armed;
  }

  /** Starts the timeout, again from the beginning when it was running. */
  arm(): void {
    this.#armed = true;
    clearImmediate(this.#immediate);
    if (this.#timer === undefined) this.#timer = setTimeout(() => this.#fire(), this.#timeoutMs).unref();
    else this.#timer.refresh();
  }

  /** Stops the timeout and keeps the timer, which is cheap to arm again. */
  disarm(): void {
    this.#armed = false;
  }

  /** Stops the timeout and the timer. */
  cancel(): void {
    this.#armed = false;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#timer = undefined;
  }

  #fire(): void {
    if (!this.#armed) return;
    this.#immediate = setImmediate(() => {
      if (!this.#armed) return;
      this.#armed = false;
      this.#onExpired();
    });
  }
}
