/**
 * Receive window of a connection or a stream (RFC 9113 §5.2): what the peer may still send. What was consumed is granted again once
 * it is half of the window, so that a WINDOW_UPDATE is rare and the peer never runs dry.
 */
export class ReceiveWindow {
  readonly #grantAtBytes: number;
  #left: number;
  #returned = 0;

  constructor(bytes: number) {
    this.#left = bytes;
    this.#grantAtBytes = Math.max(1, bytes >>> 1);
  }

  /** Takes received bytes off the window; false when the peer has sent more than it may. */
  take(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= 0;
  }

  /** Returns consumed bytes; the result, if not 0, is the increment to tell the peer. */
  giveBack(bytes: number): number {
    this.#returned += bytes;
    if (this.#returned < this.#grantAtBytes) return 0;
    const increment = this.#returned;
    this.#left += increment;
    this.#returned = 0;
    return increment;
  }
}
