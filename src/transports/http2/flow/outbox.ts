import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { blocks } from './block-pool.js';

/** Size of the buffers in which frames are gathered. */
const BUFFER_BYTES = 64 * 1024;

/** Size of the first one, a part of memory that Node has already: a brokered connection is often used for one call, and fills no more. */
const FIRST_BUFFER_BYTES = 2048;

/** A batch of this size is written without waiting for the end of the turn. */
const BATCH_BYTES = 64 * 1024;

/**
 * The first frame of a turn that completes a request or a response is written at once, and then every so many of them, so that both ends
 * work at the same time. At 64 calls in flight one write for all of them gives 0.41 of the calls/s of a bare socket, one for each 8 gives
 * 0.70 (for each 4 0.62, for each 16 0.72, but 0.43 instead of 0.63 at 16 in flight; Node 20, unix socket).
 */
const BATCH_COMPLETIONS = 8;

/** What the connection may queue before we wait for `drain`: twice the size of a unix socket's buffer. */
const CONNECTION_BYTES = 256 * 1024;

/** What may be gathered meanwhile, so that there is something to write when it has drained. */
const WAITING_BYTES = 128 * 1024;

/**
 * Gathers the frames of a turn (one callback of the event loop) and writes them to the connection in batches. Memory is used again once a
 * socket has written it; any other Duplex may acknowledge a write before it has copied the bytes.
 */
export class Outbox {
  /** The buffer in which `reserve` made room. */
  buffer: Buffer = Buffer.allocUnsafe(FIRST_BUFFER_BYTES);
  /** Number of the piece that is being gathered: nothing that was reserved in it has been written yet. */
  piece = 0;
  readonly #connection: Duplex;
  readonly #onDrained: () => void;
  readonly #endTurn: () => void;
  #from = 0;
  #to = 0;
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  /** Blocks that are released once the pieces are written. */
  #releasable: Buffer[] = [];
  readonly #reusesMemory: boolean;
  #inTurn = false;
  /** Completing frames until the next batch is written. */
  #completionsLeft = 1;
  #blocked = false;
  #closed = false;

  /** `onDrain` is called when the connection takes more after it was `blocked`. */
  constructor(connection: Duplex, onDrain: () => void) {
    this.#connection = connection;
    this.#reusesMemory = connection instanceof Socket;
    this.#onDrained = onDrain;
    this.#endTurn = () => {
      this.#inTurn = false;
      this.#completionsLeft = 1;
      this.flush();
    };
    connection.on('drain', () => this.#onDrain());
  }

  /** The connection is blocked and enough is gathered: producers have to wait. */
  get full(): boolean {
    return this.#blocked && this.pendingBytes >= WAITING_BYTES;
  }

  /** The connection has queued enough: nothing is written to it until it has drained. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** Bytes gathered and not yet written to the connection. */
  get pendingBytes(): number {
    return this.#pieceBytes + this.#to - this.#from;
  }

  /** Offset in `buffer` at which the caller has to write `bytes` bytes now; they count as sent. */
  reserve(bytes: number): number {
    if (this.buffer.length - this.#to < bytes) this.#renewBuffer(bytes);
    const at = this.#to;
    this.#to += bytes;
    return at;
  }

  /** Whether this offset of this piece is where the next frame will go. */
  isLast(piece: number, to: number): boolean {
    return piece === this.piece && to === this.#to;
  }

  /** Sends a piece without copying it; it belongs to the outbox from here on. */
  push(piece: Uint8Array): void {
    this.#cutPiece();
    this.#pieces.push(piece);
    this.#pieceBytes += piece.length;
    this.releaseAfterWrite(piece);
  }

  /** Called when a piece was pushed, or copied by the caller. If a block ends with it, the block is released after the next write. */
  releaseAfterWrite(piece: Uint8Array): void {
    const block = blocks.blockEndingWith(piece);
    if (block !== undefined) this.#releasable.push(block);
  }

  /**
   * Called when a frame is complete. What was gathered is written at once when a batch is full, or when the frame `completes` a request or a
   * response and enough of those were gathered; otherwise at the end of the turn.
   */
  commit(completes: boolean): void {
    if (this.#closed) return;
    if (!this.#inTurn) {
      this.#inTurn = true;
      process.nextTick(this.#endTurn);
    }
    // Under TLS a write takes until the next turn of the loop: what follows is gathered meanwhile.
    if (completes && --this.#completionsLeft <= 0 && this.#connection.writableLength === 0) {
      this.#completionsLeft = BATCH_COMPLETIONS;
      this.flush();
    } else if (this.pendingBytes >= BATCH_BYTES) {
      this.flush();
    }
  }

  /** Writes everything gathered, unless the connection is blocked. */
  flush(): void {
    if (this.#blocked || this.#closed || this.pendingBytes === 0) return;
    this.#cutPiece();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#pieceBytes = 0;
    const connection = this.#connection;
    const last = pieces.pop()!;
    connection.cork();
    for (const piece of pieces) connection.write(piece);
    connection.write(last, this.#onWritten());
    connection.uncork();
    // Not the result of `write`, which is false for every large write, also for one that the kernel took at once.
    this.#blocked = connection.writableNeedDrain && connection.writableLength >= CONNECTION_BYTES;
  }

  /** Writes the rest, also when the connection is blocked, and ends the connection. */
  end(): void {
    this.#blocked = false;
    this.flush();
    this.close();
    this.#connection.end();
  }

  /** Drops everything; nothing is written any more. */
  close(): void {
    this.#closed = true;
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#releasable = [];
    this.#from = this.#to;
  }

  /** Releases the blocks of everything gathered so far; for the callback of the write. */
  #onWritten(): ((error?: Error | null) => void) | undefined {
    const releasable = this.#releasable;
    if (releasable.length === 0) return undefined;
    this.#releasable = [];
    if (!this.#reusesMemory) return undefined;
    return (error) => {
      if (!error) for (const block of releasable) blocks.release(block);
    };
  }

  #onDrain(): void {
    if (this.#closed || !this.#blocked) return;
    this.#blocked = false;
    this.flush();
    if (!this.#blocked) this.#onDrained();
  }

  #cutPiece(): void {
    if (this.#to === this.#from) return;
    this.#pieces.push(this.buffer.subarray(this.#from, this.#to));
    this.#pieceBytes += this.#to - this.#from;
    this.#from = this.#to;
    this.piece += 1;
  }

  #renewBuffer(bytes: number): void {
    this.#cutPiece();
    if (this.buffer.length > FIRST_BUFFER_BYTES) this.#releasable.push(this.buffer);
    this.buffer = blocks.take(Math.max(BUFFER_BYTES, bytes));
    this.#from = 0;
    this.#to = 0;
  }
}
