import type { Duplex } from 'node:stream';
import { readDirectly } from '../../sockets/direct-socket.js';
import { Outbox } from '../flow/outbox.js';

/** How long a peer may take to close the connection once we have ended our side; what it sends meanwhile is discarded. */
const CLOSE_TIMEOUT_MS = 1000;

export interface ConnectionEvents {
  /** `transient`: the memory of the chunk is used again after the call. */
  onChunk(chunk: Uint8Array, transient: boolean): void;
  /** The peer has ended its side. */
  onEnd(): void;
  /** The connection takes more. */
  onDrain(): void;
  /** The connection is closed; called once. */
  onClose(error?: Error): void;
}

/** The connection under a session, which owns it: one chunk at a time, frames that are written in batches, and an end within a bound. */
export class Connection {
  readonly outbox: Outbox;
  /** Chunks received. */
  received = 0;
  readonly #connection: Duplex & { ref?(): unknown; unref?(): unknown };
  readonly #events: ConnectionEvents;
  /** Nothing is read any more. */
  #ended = false;
  #closed = false;
  #reading = false;
  readonly #nested: Uint8Array[] = [];
  #error: Error | undefined;
  /** Whether the connection may keep the event loop alive. */
  #ref = true;
  #closeTimer: NodeJS.Timeout | undefined;

  constructor(connection: Duplex, events: ConnectionEvents) {
    this.#connection = connection;
    this.#events = events;
    this.outbox = new Outbox(connection, () => {
      if (!this.#closed) events.onDrain();
    });
    connection.on('error', (error) => {
      this.#error ??= error;
    });
    connection.once('close', () => this.#onClose());
    // A connection may have been destroyed before it was handed over.
    if (connection.destroyed) process.nextTick(() => this.#onClose());
  }

  /** Starts to read. */
  start(): void {
    this.#connection.on('data', (chunk: Uint8Array) => this.#read(chunk, false));
    // What was read before comes as `data`, as from every Duplex.
    readDirectly(this.#connection, (chunk) => this.#read(chunk, true));
    this.#connection.once('end', () => {
      if (!this.#closed) this.#events.onEnd();
    });
  }

  /** Writes what is left, ends our side, and waits within a bound for the peer to end its own. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.outbox.end();
    this.#connection.resume();
    this.#closeTimer = setTimeout(() => this.#connection.destroy(), CLOSE_TIMEOUT_MS);
    if (!this.#ref) this.#closeTimer.unref();
    if (this.#connection.readableEnded) this.#connection.once('finish', () => this.#connection.destroy());
  }

  /** At once. Frames of this turn are written first, because the caller may rely on having sent them. */
  destroy(): void {
    this.#ended = true;
    if (!this.#connection.destroyed) this.outbox.flush();
    this.outbox.close();
    this.#connection.destroy();
    process.nextTick(() => this.#onClose());
  }

  ref(): void {
    this.#ref = true;
    this.#closeTimer?.ref();
    this.#connection.ref?.();
  }

  unref(): void {
    this.#ref = false;
    this.#closeTimer?.unref();
    this.#connection.unref?.();
  }

  /** Some Duplexes deliver within a write: what comes while a chunk is being handled waits until that is done. */
  #read(chunk: Uint8Array, transient: boolean): void {
    if (this.#ended) return;
    this.received += 1;
    if (this.#reading) {
      this.#nested.push(transient ? Buffer.from(chunk) : chunk);
      return;
    }
    this.#reading = true;
    this.#events.onChunk(chunk, transient);
    for (let next = this.#nested.shift(); next !== undefined; next = this.#nested.shift()) {
      this.#events.onChunk(next, false);
    }
    this.#reading = false;
  }

  #onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#closeTimer);
    this.#ended = true;
    this.outbox.close();
    this.#connection.destroy();
    this.#events.onClose(this.#error);
  }
}
