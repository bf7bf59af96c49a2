import type { Duplex } from 'node:stream';
import type { NetRpcSender } from '../../wire/net-rpc.js';

/** Not worth gathering beyond: the rest of a turn goes out in pieces of this size. */
const GATHERED_BYTES = 65_536;

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
  #isStopped = false;
  #unfinishedWrites = 0;
  #afterWrites: (() => void)[] = [];
  readonly #onWritten = (): void => {
    this.#unfinishedWrites -= 1;
    this.#tell();
  };

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
    if (this.#isFull) return;
    if (this.#endOfTurn === undefined) this.#endOfTurn = setImmediate(() => this.#onEndOfTurn());
    else if (this.#source.pendingBytes < GATHERED_BYTES) return;
    this.#flush();
  }

  /** Calls back when the connection has taken all that was appended, or takes nothing any more. */
  afterWrites(callback: () => void): void {
    this.#afterWrites.push(callback);
    this.#tell();
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
    this.#isStopped = true;
    this.#tell();
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
    this.#unfinishedWrites += 1;
    this.#isFull = !this.#connection.write(this.#source.take(), this.#onWritten);
  }

  #tell(): void {
    const isDone = this.#isStopped || (this.#unfinishedWrites === 0 && this.#source.pendingBytes === 0);
    if (!isDone || this.#afterWrites.length === 0) return;
    const callbacks = this.#afterWrites;
    this.#afterWrites = [];
    for (const callback of callbacks) callback();
  }
}
