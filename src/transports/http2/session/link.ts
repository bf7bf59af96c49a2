import type { Duplex } from 'node:stream';
import { readDirectly } from '../../sockets/direct-socket.js';
import { Outbox } from '../flow/outbox.js';

/** How long a peer may take to close the connection once we have ended our side; what it sends meanwhile is discarded. */
const LINGER_MS = 1000;

export interface LinkEvents {
  /** `lent`: the memory of the chunk is used again after the call. */
  onChunk(chunk: Uint8Array, lent: boolean): void;
  /** The peer has closed its side. */
  onEnd(): void;
  /** The connection takes more. */
  onRoom(): void;
  /** The connection is gone; told once. */
  onOver(error?: Error): void;
}

/** The connection under a session, which it owns: chunks in order and never one within another, the way out, a bounded end. */
export class Link {
  readonly outbox: Outbox;
  readonly #connection: Duplex & { ref?(): unknown; unref?(): unknown };
  #events: LinkEvents | undefined;
  #discarding = false;
  #receiving = false;
  readonly #early: Uint8Array[] = [];
  #error: Error | undefined;
  /** Whether we may keep the event loop alive. */
  #held = true;
  #linger: NodeJS.Timeout | undefined;

  constructor(connection: Duplex, events: LinkEvents) {
    this.#connection = connection;
    this.#events = events;
    this.outbox = new Outbox(connection, () => this.#events?.onRoom());
    connection.on('error', (error) => {
      this.#error ??= error;
    });
    connection.once('close', () => this.#over());
    // A connection may have died before it was handed over.
    if (connection.destroyed) process.nextTick(() => this.#over());
  }

  /** Starts to read. */
  start(): void {
    this.#connection.on('data', (chunk: Uint8Array) => this.#receive(chunk, false));
    // What was read before goes the way of every Duplex.
    readDirectly(this.#connection, (chunk) => this.#receive(chunk, true));
    this.#connection.once('end', () => this.#events?.onEnd());
  }

  /** Writes what is left, ends our side, and waits a bounded time for the peer to end its own. */
  end(): void {
    if (this.#discarding) return;
    this.#discarding = true;
    this.outbox.end();
    this.#connection.resume();
    this.#linger = setTimeout(() => this.#connection.destroy(), LINGER_MS);
    if (!this.#held) this.#linger.unref();
    if (this.#connection.readableEnded) this.#connection.once('finish', () => this.#connection.destroy());
  }

  /** At once; what was gathered in this turn is handed over first, for somebody may rely on having sent it. */
  destroy(): void {
    this.#discarding = true;
    if (!this.#connection.destroyed) this.outbox.flush();
    this.outbox.close();
    this.#connection.destroy();
    process.nextTick(() => this.#over());
  }

  ref(): void {
    this.#held = true;
    this.#linger?.ref();
    this.#connection.ref?.();
  }

  unref(): void {
    this.#held = false;
    this.#linger?.unref();
    this.#connection.unref?.();
  }

  /** Some Duplexes deliver within a write: then what comes waits until what is being read is done. */
  #receive(chunk: Uint8Array, lent: boolean): void {
    if (this.#discarding) return;
    if (this.#receiving) {
      this.#early.push(lent ? Buffer.from(chunk) : chunk);
      return;
    }
    this.#receiving = true;
    this.#events?.onChunk(chunk, lent);
    for (let next = this.#early.shift(); next !== undefined; next = this.#early.shift()) {
      this.#events?.onChunk(next, false);
    }
    this.#receiving = false;
  }

  #over(): void {
    const events = this.#events;
    if (events === undefined) return;
    this.#events = undefined;
    clearTimeout(this.#linger);
    this.#discarding = true;
    this.outbox.close();
    this.#connection.destroy();
    events.onOver(this.#error);
  }
}
