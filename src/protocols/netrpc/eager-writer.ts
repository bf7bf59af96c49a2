import type { Duplex } from 'node:stream';
import type { NetRpcSender } from '../../wire/net-rpc.js';

/**
 * Writes what gathers in a codec: the first message of an event-loop turn at once, the rest of that turn in one write at its end. A
 * write per message takes a system call each; one write per turn delays the first. While the connection has no room, messages
 * gather until it drains.
 */
export class EagerWriter {
  readonly #connection: Duplex;
  readonly #source: NetRpcSender;
  readonly #onRoom: () => void;
  #endOfTurn: NodeJS.Immediate | undefined;
  #isFull = false;
  #afterWrite: (() => void)[] = [];

  /** `onRoom` is called when the connection has room again after `isFull`. */
  constructor(connection: Duplex, source: NetRpcSender, onRoom: () => void = () => {}) {
    this.#connection = connection;
    this.#source = source;
    this.#onRoom = onRoom;
    connection.on('drain', () => this.#onDrain());
  }

  /** The connection holds more than it likes: produce no more until `onRoom`. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** To be called after every message appended to the codec. */
  appended(): void {
    if (this.#isFull || this.#endOfTurn !== undefined) return;
    this.#endOfTurn = setImmediate(() => this.#onEndOfTurn());
    this.#flush();
  }

  /** Calls back when what is appended so far has left for the connection, or never will. */
  afterWrite(callback: () => void): void {
    this.#afterWrite.push(callback);
    if (this.#source.pendingBytes === 0) this.#connection.write(EMPTY, this.#takeCallbacks());
  }

  /** Ends the connection behind everything that was appended. */
  end(): void {
    this.#isFull = false;
    this.#flush();
    if (this.#endOfTurn !== undefined) clearImmediate(this.#endOfTurn);
    this.#connection.end();
  }

  /** Writes no more. */
  stop(): void {
    this.#isFull = true;
    if (this.#endOfTurn !== undefined) clearImmediate(this.#endOfTurn);
    this.#takeCallbacks()?.();
  }

  #onEndOfTurn(): void {
    this.#endOfTurn = undefined;
    this.#flush();
  }

  #onDrain(): void {
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#flush();
    if (!this.#isFull) this.#onRoom();
  }

  #flush(): void {
    if (this.#isFull || this.#source.pendingBytes === 0 || !this.#connection.writable) return;
    const callback = this.#takeCallbacks();
    const bytes = this.#source.take();
    this.#isFull = !(callback === undefined ? this.#connection.write(bytes) : this.#connection.write(bytes, callback));
  }

  #takeCallbacks(): (() => void) | undefined {
    if (this.#afterWrite.length === 0) return undefined;
    const callbacks = this.#afterWrite;
    this.#afterWrite = [];
    return () => {
      for (const callback of callbacks) callback();
    };
  }
}

const EMPTY = new Uint8Array(0);
