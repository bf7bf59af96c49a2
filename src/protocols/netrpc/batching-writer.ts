import type { Duplex } from 'node:stream';
import { clearImmediate, setImmediate } from '../../streams/turns.js';
import type { NetRpcSender } from '../../wire/net-rpc.js';

/** Larger batches are written without waiting for the end of the turn. */
const BATCH_BYTES = 65_536;

/**
 * Writes a codec's pending messages to the connection: the first of an event-loop turn at once, the others in one write at the end of
 * the turn. Writing each message alone costs a system call per message; writing only at the end of the turn delays a single one.
 * While the connection has no room, messages stay in the codec until `drain`.
 */
export class BatchingWriter {
  readonly #connection: Duplex;
  readonly #source: NetRpcSender;
  readonly #onDrained: () => void;
  #endOfTurn: NodeJS.Immediate | undefined;
  #isFull = false;
  #isStopped = false;
  /** Callbacks for what waits in the codec. */
  #afterNext: (() => void)[] = [];
  /** For each write that the connection has not taken yet, in order, its callbacks. */
  #afterWrites: (() => void)[][] = [];
  readonly #onWritten = (): void => runAll(this.#afterWrites.shift() ?? []);

  /** `onDrained` is called when the connection has room again after `isFull`. */
  constructor(connection: Duplex, source: NetRpcSender, onDrained: () => void = () => {}) {
    this.#connection = connection;
    this.#source = source;
    this.#onDrained = onDrained;
    connection.on('drain', () => this.#onDrain());
  }

  /** The connection has reached its high-water mark: append no more until `onDrained`. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** To be called after a message was appended to the codec. */
  appended(): void {
    if (this.#isFull) return;
    if (this.#endOfTurn === undefined) this.#endOfTurn = setImmediate(() => this.#onEndOfTurn());
    else if (this.#source.pendingBytes < BATCH_BYTES) return;
    this.#flush();
  }

  /** Calls back when everything appended so far has been written, or nothing can be written any more. */
  afterWrites(callback: () => void): void {
    if (this.#isStopped) return callback();
    if (this.#source.pendingBytes > 0) this.#afterNext.push(callback);
    else if (this.#afterWrites.length > 0) this.#afterWrites.at(-1)!.push(callback);
    else callback();
  }

  /** Writes what is pending and ends the connection. */
  end(): void {
    this.#isFull = false;
    this.#flush();
    if (this.#endOfTurn !== undefined) clearImmediate(this.#endOfTurn);
    this.#connection.end();
  }

  /** Writes nothing any more. */
  stop(): void {
    this.#isFull = true;
    if (this.#endOfTurn !== undefined) clearImmediate(this.#endOfTurn);
    this.#isStopped = true;
    const callbacks = [...this.#afterWrites.flat(), ...this.#afterNext];
    this.#afterWrites = [];
    this.#afterNext = [];
    runAll(callbacks);
  }

  #onEndOfTurn(): void {
    this.#endOfTurn = undefined;
    this.#flush();
  }

  #onDrain(): void {
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#flush();
    if (!this.#isFull) this.#onDrained();
  }

  #flush(): void {
    if (this.#isFull || this.#source.pendingBytes === 0 || !this.#connection.writable) return;
    this.#afterWrites.push(this.#afterNext);
    this.#afterNext = [];
    this.#isFull = !this.#connection.write(this.#source.take(), this.#onWritten);
  }
}

function runAll(callbacks: readonly (() => void)[]): void {
  for (const callback of callbacks) callback();
}
