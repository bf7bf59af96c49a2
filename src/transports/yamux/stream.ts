import { Duplex } from 'node:stream';
import { type PluginError, ProtocolError, TransportError } from '../../errors.js';
import { ChunkQueue } from '../../wire/chunk-queue.js';
import { YAMUX_INITIAL_WINDOW_BYTES, YamuxFlag, YamuxFrameType, YamuxGoAway } from '../../wire/yamux/header.js';
import { Deadline } from './deadline.js';
import type { ResolvedYamuxOptions } from './options.js';
import type { Outbox } from './outbox.js';
import { type Done, SendHalf } from './send-half.js';

/** `write` returns false from here on. */
const WRITE_BUFFER_BYTES = 65_536;

/** What a stream needs of its session. */
export interface StreamSession {
  readonly options: ResolvedYamuxOptions;
  readonly outbox: Outbox;
  /** Our FIN was sent: the stream does not wait to be accepted any more. */
  halfClosed(stream: YamuxStream): void;
  /** The stream sends and expects no more frames. */
  forget(stream: YamuxStream): void;
}

/**
 * One stream of a yamux session, fit to carry TLS and HTTP/2: bytes are never delivered while another stream writes, and a write is
 * acknowledged when it is queued. `end` half-closes and reading goes on; `destroy` resets, but lets the peer finish when we had
 * ended before. Written buffers belong to the stream from `write` on. The receive window is returned as the reader takes the bytes,
 * so a slow reader slows the peer. Failures (TransportError, ProtocolError, ClosedError) come as `error` events, for which a
 * listener is not required: a peer's reset must not end a process that does not care.
 */
export class YamuxStream extends Duplex {
  /** Odd when the session's client opened it. */
  readonly id: number;
  readonly #session: StreamSession;
  readonly #sending: SendHalf;
  readonly #closing: Deadline;
  /** Received bytes that nobody asked for yet. */
  readonly #inbox = new ChunkQueue();
  #receiveWindow = YAMUX_INITIAL_WINDOW_BYTES;
  /** The reader asked for bytes and got none since. */
  #isWanted = false;
  /** Has received something since `deliver`. */
  #isDirty = false;
  #finReceived = false;
  #eofPushed = false;
  /** No frame may be sent any more. */
  #isOver = false;
  /** Why the session ended, while received bytes are still being read. */
  #cause: PluginError | undefined;

  /** @internal Streams come from a session. */
  constructor(id: number, session: StreamSession) {
    // One byte: the Readable asks when it is empty, and what it did not ask for waits where it is counted.
    super({ readableHighWaterMark: 1, writableHighWaterMark: WRITE_BUFFER_BYTES });
    const { options, outbox } = session;
    this.id = id;
    this.#session = session;
    this.#sending = new SendHalf({
      streamId: id,
      outbox,
      queueBytes: options.sendQueueBytes,
      onFin: () => (this.#finReceived ? this.#leave() : session.halfClosed(this)),
    });
    this.#closing = new Deadline(options.closeTimeoutMs, () => this.#onCloseTimeout());
    this.on('error', ignore);
  }

  /** @internal Sends the frame that opens or accepts the stream, and announces our window with it (yamux stream.go sendWindowUpdate). */
  announce(flag: number): void {
    const delta = this.#unannouncedWindow();
    this.#receiveWindow += delta;
    this.#session.outbox.control(YamuxFrameType.windowUpdate, flag, this.id, delta);
  }

  /** @internal Judges the header of a data frame. Throws a ProtocolError when the peer exceeds the window. */
  admit(length: number): void {
    if (length <= this.#receiveWindow) return;
    throw violation(
      `sent a frame of ${length} bytes on yamux stream ${this.id}, expected at most ${this.#receiveWindow}, the rest of its window`,
    );
  }

  /** @internal Takes payload. Returns true when `deliver` has become due. */
  receive(piece: Uint8Array): boolean {
    this.#receiveWindow -= piece.length;
    if (this.destroyed) {
      // We ended, then lost interest: the peer may finish, but not send more than its window.
      if (this.#receiveWindow === 0) this.#reset();
      return false;
    }
    // Go can send data behind its FIN, when Write and Close race. Nobody is to see it.
    if (this.#finReceived) return false;
    if (this.#sending.finSent) this.#closing.arm();
    this.#inbox.push(this.#isWanted ? piece : detached(piece));
    return this.#becameDirty();
  }

  /** @internal The peer half-closed. Returns what `receive` returns. Throws a ProtocolError the second time. */
  receiveFin(): boolean {
    if (this.#finReceived) throw violation(`closed yamux stream ${this.id} twice`);
    this.#finReceived = true;
    if (this.#sending.finSent) this.#leave();
    return this.#becameDirty();
  }

  /** @internal The peer aborted the stream. Unread bytes are lost, as in Go. */
  receiveReset(): void {
    this.#leave();
    this.destroy(
      new TransportError(
        'ERR_CONNECTION_LOST',
        `The peer reset yamux stream ${this.id}: nothing more comes or goes on it.`,
      ),
    );
  }

  /** @internal */
  receiveCredit(bytes: number): void {
    this.#sending.addCredit(bytes);
    // The peer reads on: the end that we wait for is still on its way.
    if (this.#closing.isArmed && !this.destroyed) this.#closing.arm();
  }

  /** @internal Gives the reader what it asked for. */
  deliver(): void {
    this.#isDirty = false;
    while (this.#isWanted) {
      const piece = this.#inbox.readSome(Number.POSITIVE_INFINITY);
      if (piece === undefined) break;
      // Before the push: the reader may ask again while it is handed the bytes.
      this.#isWanted = false;
      if (this.push(piece)) this.#isWanted = true;
    }
    if (this.#finReceived && !this.#eofPushed && this.#inbox.byteLength === 0) {
      this.#eofPushed = true;
      this.push(null);
    }
    this.#returnWindow();
    this.#failWhenRead();
  }

  /** @internal The session is over. With `drain`, what was received can still be read; the failure comes behind it. */
  sessionEnded(cause: PluginError, drain: boolean): void {
    this.#leave();
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
    this.#isWanted = true;
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
    // After the session's end there is nobody to tell, and the failure must wait until everything is read.
    if (this.#isOver) return done();
    this.#closing.arm();
    this.#sending.end(done);
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#release(error);
    this.#inbox.clear();
    this.#sending.abandon(error);
    done(error);
  }

  #becameDirty(): boolean {
    const wasDirty = this.#isDirty;
    this.#isDirty = true;
    return !wasDirty;
  }

  #unannouncedWindow(): number {
    return this.#session.options.windowBytes - this.#inbox.byteLength - this.#receiveWindow;
  }

  /** The same rule as Go's: no update until half of the window can be returned (yamux stream.go sendWindowUpdate). */
  #returnWindow(): void {
    if (this.#isOver || this.#finReceived || this.destroyed) return;
    if (this.#unannouncedWindow() * 2 >= this.#session.options.windowBytes) this.announce(0);
  }

  #failWhenRead(): void {
    const cause = this.#cause;
    if (cause === undefined || this.#inbox.byteLength > 0 || this.readableLength > 0) return;
    if (this.#eofPushed && !this.readableEnded) this.once('end', () => this.destroy(cause));
    else this.destroy(cause);
  }

  /** Tells the peer of our destruction, in the mildest way that is true. */
  #release(error: Error | null): void {
    if (this.#isOver) return;
    const isWhole = error === null && this.#sending.unsentBytes === 0 && this.writableLength === 0;
    if (isWhole && this.#finReceived) this.#sending.sendFin();
    else if (!isWhole || !this.#sending.finSent) this.#reset();
  }

  #reset(): void {
    this.#session.outbox.control(YamuxFrameType.windowUpdate, YamuxFlag.rst, this.id, 0);
    this.#leave();
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#closing.cancel();
    this.#session.forget(this);
  }

  #onCloseTimeout(): void {
    this.#reset();
    const { closeTimeoutMs } = this.#session.options;
    this.destroy(
      new TransportError(
        'ERR_CONNECTION_LOST',
        `The peer did not close its side of yamux stream ${this.id} within ${closeTimeoutMs} ms after we closed ours; the stream was reset.`,
      ),
    );
  }
}

function ignore(): void {}

/** A copy when the piece is a small part of its chunk, which it would keep in memory for as long as nobody reads. */
function detached(piece: Uint8Array): Uint8Array {
  return piece.length * 4 < piece.buffer.byteLength ? new Uint8Array(piece) : piece;
}

function violation(deed: string): ProtocolError {
  return new ProtocolError('ERR_YAMUX_PROTOCOL', `The peer ${deed}.`, { wireCode: YamuxGoAway.protocolError });
}
