/**
 * A bound on a wait, which can be armed again and again at little cost. It never keeps the process alive, and before it expires it
 * lets the event loop read once more: if this process was what stood still, the answer may be lying in the socket.
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

  /** Starts the wait, from the beginning when it was under way. */
  arm(): void {
    this.#armed = true;
    clearImmediate(this.#immediate);
    if (this.#timer === undefined) this.#timer = setTimeout(() => this.#fire(), this.#timeoutMs).unref();
    else this.#timer.refresh();
  }

  /** Ends the wait but keeps the timer, which is then cheap to arm again. */
  disarm(): void {
    this.#armed = false;
  }

  /** Ends the wait and lets the timer go. */
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
