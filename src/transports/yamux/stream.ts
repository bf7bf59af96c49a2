import { Duplex } from 'node:stream';
import { type PluginError, ProtocolError, TransportError } from '../../errors.js';
import { ChunkQueue } from '../../wire/chunk-queue.js';
import { YAMUX_INITIAL_WINDOW_BYTES, YamuxFlag, YamuxFrameType, YamuxGoAway } from '../../wire/yamux/header.js';
import { Deadline } from './deadline.js';
import type { ResolvedYamuxOptions } from './options.js';
import type { Outbox } from './outbox.js';
import { type Done, SendHalf } from './send-half.js';
import { YamuxStreamState } from './stream-state.js';

/** `write` returns false from here on. */
const WRITE_BUFFER_BYTES = 65_536;

/** @internal What all streams of a session have in common. */
export interface StreamContext {
  readonly options: ResolvedYamuxOptions;
  readonly outbox: Outbox;
  /** FIN was sent, and the peer may still send. */
  readonly onLocalClose: (stream: YamuxStream) => void;
  /** The stream sends and expects no more frames. Called once. */
  readonly onOver: (stream: YamuxStream) => void;
}

/**
 * One stream of a yamux session, which TLS and HTTP/2 can use as a connection: bytes are never delivered while another stream writes, and
 * a write is acknowledged when it is queued. `end` sends FIN, and reading goes on. `destroy` resets the stream, except that after `end` the
 * peer may finish. Written buffers belong to the stream. The receive window is returned as bytes are read, so a slow reader slows the peer
 * down. Failures (TransportError, ProtocolError, ClosedError) are `error` events, for which no listener is required: a reset by the peer
 * must not end a process that has no use for it.
 */
export class YamuxStream extends Duplex {
  /** Odd when the session's client opened it. */
  readonly id: number;
  readonly #context: StreamContext;
  readonly #state: YamuxStreamState;
  readonly #sending: SendHalf;
  /** Bounds the wait for the peer's FIN behind ours. */
  readonly #closeDeadline: Deadline;
  /** Received bytes that the Readable has not asked for yet. */
  readonly #inbox = new ChunkQueue();
  #receiveWindow = YAMUX_INITIAL_WINDOW_BYTES;
  /** The Readable has asked for bytes and got none since. */
  #readPending = false;
  /** Something was received since `deliver`. */
  #deliveryDue = false;
  /** The end of what is read: FIN. */
  #eof: 'awaited' | 'received' | 'delivered' = 'awaited';
  /** Why the session ended, while received bytes are still being read. */
  #cause: PluginError | undefined;

  /** @internal Streams come from a session. */
  constructor(id: number, opened: 'SYN sent' | 'SYN received', context: StreamContext) {
    // One byte: the Readable asks when it is empty, and what it did not ask for stays in the inbox, where it is counted.
    super({ readableHighWaterMark: 1, writableHighWaterMark: WRITE_BUFFER_BYTES });
    const { options, outbox } = context;
    this.id = id;
    this.#context = context;
    this.#state = new YamuxStreamState(opened);
    this.#sending = new SendHalf({
      streamId: id,
      outbox,
      queueBytes: options.sendQueueBytes,
      onFin: () => this.#onFinSent(),
    });
    this.#closeDeadline = new Deadline(options.closeTimeoutMs, () => this.#onCloseTimeout());
    this.on('error', ignore);
  }

  /** @internal Sends the frame that opens or accepts the stream, with the rest of our window (yamux stream.go sendWindowUpdate). */
  announce(flag: number): void {
    if (flag === YamuxFlag.ack) this.#state.acknowledge();
    this.#sendWindowUpdate(flag);
  }

  /** @internal The peer has accepted the stream. */
  receiveAck(): void {
    this.#state.acknowledge();
  }

  /** @internal The header of a data frame. Throws ProtocolError when the peer exceeds the window. */
  validate(length: number): void {
    if (length <= this.#receiveWindow) return;
    throw violation(
      `sent a frame of ${length} bytes on yamux stream ${this.id}, expected at most ${this.#receiveWindow}, the rest of its window`,
    );
  }

  /** @internal Payload. Returns true when `deliver` has become due. */
  receive(piece: Uint8Array): boolean {
    this.#receiveWindow -= piece.length;
    if (this.destroyed) {
      // Destroyed after FIN: the peer may finish, but its window is not returned.
      if (this.#receiveWindow === 0) this.#reset();
      return false;
    }
    // Go can send data behind its FIN, when Write and Close race. It is dropped.
    if (this.#state.isRemoteClosed) return false;
    if (this.#state.isLocalClosed) this.#closeDeadline.arm();
    this.#inbox.push(this.#readPending ? piece : detached(piece));
    return this.#makeDeliveryDue();
  }

  /** @internal FIN. Returns what `receive` returns. Throws ProtocolError the second time. */
  receiveFin(): boolean {
    if (this.#state.isRemoteClosed) throw violation(`closed yamux stream ${this.id} twice`);
    this.#eof = 'received';
    this.#state.receiveFin();
    if (this.#state.isOver) this.#leave();
    return this.#makeDeliveryDue();
  }

  /** @internal RST. Unread bytes are lost, as in Go. */
  receiveReset(): void {
    const text = this.#state.isUnacknowledged
      ? `The peer reset yamux stream ${this.id} before it acknowledged it: it accepts no more streams now.`
      : `The peer reset yamux stream ${this.id}: nothing more can be received or sent on it.`;
    this.#state.reset();
    this.#leave();
    this.destroy(new TransportError('ERR_CONNECTION_LOST', text));
  }

  /** @internal A window update. */
  receiveCredit(bytes: number): void {
    this.#sending.addCredit(bytes);
    // The peer still reads: its FIN can be expected behind that.
    if (this.#closeDeadline.isArmed && !this.destroyed) this.#closeDeadline.arm();
  }

  /** @internal Hands received bytes, and the end, to the Readable as far as it has asked for them. */
  deliver(): void {
    this.#deliveryDue = false;
    while (this.#readPending) {
      const piece = this.#inbox.readSome(Number.POSITIVE_INFINITY);
      if (piece === undefined) break;
      // Before `push`, within which the Readable may ask again.
      this.#readPending = false;
      if (this.push(piece)) this.#readPending = true;
    }
    if (this.#eof === 'received' && this.#inbox.byteLength === 0) {
      this.#eof = 'delivered';
      this.push(null);
    }
    this.#returnWindow();
    this.#failWhenRead();
  }

  /** @internal Resolves when what was acknowledged to the writer was sent, or cannot be any more. Never rejects. */
  sent(): Promise<void> {
    return this.#sending.sent();
  }

  /** @internal The session has ended. With `drain`, what was received can still be read, and the error follows it. */
  sessionEnded(cause: PluginError, drain: boolean): void {
    if (!this.#state.isOver) {
      this.#state.endSession();
      this.#leave();
    }
    if (drain && !this.#sending.isAwaited) {
      this.#cause = cause;
      this.#failWhenRead();
    } else this.destroy(cause);
  }

  override read(size?: number): unknown {
    const bytes: unknown = super.read(size);
    if (this.#cause !== undefined) this.#failWhenRead();
    return bytes;
  }

  override _read(): void {
    this.#readPending = true;
    this.deliver();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    if (this.#cause === undefined) this.#sending.write([{ chunk }], chunk.length, done);
    else done(this.#cause);
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: Done): void {
    let length = 0;
    for (const { chunk } of chunks) length += chunk.length;
    if (this.#cause === undefined) this.#sending.write(chunks, length, done);
    else done(this.#cause);
  }

  override _final(done: Done): void {
    // After the session's end FIN cannot be sent, and the error must not come before everything is read.
    if (this.#state.isOver) return done();
    this.#closeDeadline.arm();
    this.#sending.end(done);
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#release(error);
    this.#inbox.clear();
    this.#sending.abandon(error);
    done(error);
  }

  #makeDeliveryDue(): boolean {
    const wasDue = this.#deliveryDue;
    this.#deliveryDue = true;
    return !wasDue;
  }

  /** What the peer could be allowed to send, beyond what it was. */
  #unannouncedWindow(): number {
    return this.#context.options.windowBytes - this.#inbox.byteLength - this.#receiveWindow;
  }

  #sendWindowUpdate(flag: number): void {
    const delta = this.#unannouncedWindow();
    this.#receiveWindow += delta;
    this.#context.outbox.control(YamuxFrameType.windowUpdate, flag, this.id, delta);
  }

  /** As in Go, once half of the window can be returned (yamux stream.go sendWindowUpdate). */
  #returnWindow(): void {
    if (this.#state.isOver || this.#eof !== 'awaited' || this.destroyed) return;
    if (this.#unannouncedWindow() * 2 >= this.#context.options.windowBytes) this.#sendWindowUpdate(0);
  }

  #failWhenRead(): void {
    const cause = this.#cause;
    if (cause === undefined || this.#inbox.byteLength > 0 || this.readableLength > 0) return;
    if (this.#eof === 'delivered' && !this.readableEnded) this.once('end', () => this.destroy(cause));
    else this.destroy(cause);
  }

  /** The stream is destroyed: FIN when both directions are complete, nothing when ours is, else RST. */
  #release(error: Error | null): void {
    if (this.#state.isOver) return;
    const isComplete = error === null && this.#sending.unsentBytes === 0 && this.writableLength === 0;
    if (isComplete && this.#state.isRemoteClosed) this.#sending.sendFin();
    else if (!isComplete || !this.#state.isLocalClosed) this.#reset();
  }

  #onFinSent(): void {
    this.#state.sendFin();
    if (this.#state.isOver) this.#leave();
    else this.#context.onLocalClose(this);
  }

  #reset(): void {
    if (this.#state.isOver) return;
    this.#context.outbox.control(YamuxFrameType.windowUpdate, YamuxFlag.rst, this.id, 0);
    this.#state.reset();
    this.#leave();
  }

  #leave(): void {
    this.#closeDeadline.cancel();
    this.#context.onOver(this);
  }

  #onCloseTimeout(): void {
    this.#reset();
    const { closeTimeoutMs } = this.#context.options;
    const text = `The peer did not close its side of yamux stream ${this.id} within ${closeTimeoutMs} ms after we closed ours; the stream was reset.`;
    this.destroy(new TransportError('ERR_CONNECTION_LOST', text));
  }
}

function ignore(): void {}

/** A copy when the piece is a small part of its chunk, all of which would stay in memory until it is read. */
function detached(piece: Uint8Array): Uint8Array {
  return piece.length * 4 < piece.buffer.byteLength ? new Uint8Array(piece) : piece;
}

function violation(what: string): ProtocolError {
  return new ProtocolError('ERR_YAMUX_PROTOCOL', `The peer ${what}.`, { wireCode: YamuxGoAway.protocolError });
}
