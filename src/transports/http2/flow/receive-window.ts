/**
 * Receive window of a connection or a stream (RFC 9113 §5.2): what the peer may still send. What was given back is granted again once
 * it is a quarter of the window: with half of it a sender through a unix socket ran dry before each WINDOW_UPDATE (at 1 MiB, 24 000
 * messages of 32 KiB per second instead of 34 000).
 */
export class ReceiveWindow {
  readonly #grantAtBytes: number;
  #left: number;
  #returned = 0;

  constructor(bytes: number) {
    this.#left = bytes;
    this.#grantAtBytes = Math.max(1, bytes >>> 2);
  }

  /** Takes received bytes off the window; false when the peer has sent more than it may. */
  take(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= 0;
  }

  /** Gives back received bytes; the result, if not 0, is the increment to tell the peer. */
  giveBack(bytes: number): number {
    this.#returned += bytes;
    if (this.#returned < this.#grantAtBytes) return 0;
    const increment = this.#returned;
    this.#left += increment;
    this.#returned = 0;
    return increment;
  }
}
