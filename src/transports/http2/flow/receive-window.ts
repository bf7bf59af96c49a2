/**
 * Receive window of a connection or a stream (RFC 9113 §5.2): how much the peer may still send. What was given back is announced once it
 * is a quarter of the window: with half of it a sender through a unix socket ran dry before each WINDOW_UPDATE (at 1 MiB, 24 000 messages
 * of 32 KiB per second instead of 34 000).
 */
export class ReceiveWindow {
  readonly #announceAtBytes: number;
  #left: number;
  #returned = 0;

  constructor(bytes: number) {
    this.#left = bytes;
    this.#announceAtBytes = Math.max(1, bytes >>> 2);
  }

  /** Received bytes leave the window; false when the peer has sent more than it may. */
  take(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= 0;
  }

  /** Gives received bytes back. Returns the increment of a WINDOW_UPDATE to send, or 0. */
  giveBack(bytes: number): number {
    this.#returned += bytes;
    if (this.#returned < this.#announceAtBytes) return 0;
    const increment = this.#returned;
    this.#left += increment;
    this.#returned = 0;
    return increment;
  }
}
