import type { Duplex } from 'node:stream';

/** How long a peer may take to close the connection after everything is done. */
const LINGER_MS = 1000;

/** Bounds the wait for the peer's FIN: node:http2, having ended its side, would wait forever. */
export class Linger {
  readonly #connection: Duplex;
  #timer: NodeJS.Timeout | undefined;

  /** The connection is not closed here. */
  constructor(connection: Duplex) {
    this.#connection = connection;
  }

  /** Starts the wait; at its end the connection is destroyed. Does not keep the process alive. Idempotent. */
  start(): void {
    if (this.#timer !== undefined || this.#connection.destroyed) return;
    this.#timer = setTimeout(() => this.#connection.destroy(), LINGER_MS);
    this.#timer.unref();
  }

  /** The connection is closed. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}
