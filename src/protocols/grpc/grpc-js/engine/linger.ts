import type { Duplex } from 'node:stream';

/** How long a peer may take to close the connection after everything is done. */
const LINGER_MS = 1000;

/** The bound that node:http2 lacks: when it has ended its side it waits for the peer's as long as that takes. */
export class Linger {
  readonly #connection: Duplex;
  #timer: NodeJS.Timeout | undefined;

  /** The connection is borrowed. */
  constructor(connection: Duplex) {
    this.#connection = connection;
  }

  /** The peer's time begins; at its end the connection is destroyed. Keeps no process alive. Idempotent. */
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
