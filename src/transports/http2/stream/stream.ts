import { EMPTY_BYTES } from '../../../wire/bytes.js';
import { ChunkQueue } from '../../../wire/chunk-queue.js';
import { Http2ErrorCode, MAX_WINDOW_BYTES } from '../../../wire/http2/frames.js';
import type { HeaderList, Http2Stream, Http2StreamEvents } from '../engine.js';
import { ReceiveWindow } from '../flow/receive-window.js';
import type { Sender, SendingStream } from '../flow/sender.js';

/** What a stream needs of its session. */
export interface StreamHost {
  readonly sender: Sender;
  /** Writes HEADERS: the stream's own, or trailers. */
  sendHeaders(stream: SessionStream, list: HeaderList, endStream: boolean): void;
  sendWindowUpdate(streamId: number, increment: number): void;
  /** Our END_STREAM is out. */
  onLocalEnd(stream: SessionStream): void;
  /** Both directions are done. */
  onComplete(stream: SessionStream): void;
  /** The caller kills the stream; one without id has not begun. */
  onLocalReset(stream: SessionStream, code: number): void;
}

/** One stream (RFC 9113 §5.1), either role: what is left of each direction, both windows, what waits to be sent. */
export class SessionStream implements Http2Stream, SendingStream {
  /** 0 as long as it waits for its turn under the peer's concurrency limit. */
  id = 0;
  /** The peer's END_STREAM has come. */
  remoteEnded = false;
  /** Our END_STREAM is out. */
  localEnded = false;
  /** No event follows, nothing is sent any more. */
  over = false;
  /** The header block that opens the peer's direction has come. */
  begun = false;
  /** Receiver of events; a server's handler returns it once it has the stream. */
  events: Http2StreamEvents;
  readonly #host: StreamHost;
  readonly #receiveWindow: ReceiveWindow;
  #sendWindow = 0;
  /** Delivered and not consumed. */
  #unconsumed = 0;
  /** Body bytes that `content-length` still announces; -1 without one. */
  #announced = -1;
  /** The caller has finished its direction; what waits goes out first. */
  #finished: boolean;
  /** What waits to be sent; empty when only the end does. */
  #queue: ChunkQueue | undefined;
  #trailers: HeaderList | undefined;
  #scheduled = false;
  #needsDrain = false;

  /** `finished`: the stream has nothing but headers to send. */
  constructor(host: StreamHost, events: Http2StreamEvents, receiveWindowBytes: number, finished: boolean) {
    this.#host = host;
    this.events = events;
    this.#receiveWindow = new ReceiveWindow(receiveWindowBytes);
    this.#finished = finished;
  }

  /** Gives the stream its identity; from here on it may send. */
  start(id: number, sendWindow: number): void {
    this.id = id;
    this.#sendWindow = sendWindow;
  }

  /** Sends a request's headers, and what was written meanwhile. */
  begin(block: Uint8Array): void {
    const endStream = this.#finished && this.#queue === undefined;
    this.#host.sender.sendHeaders(this.id, block, endStream);
    if (endStream) this.#host.onLocalEnd(this);
    else this.#schedule();
  }

  /** Everything that `content-length` has announced has come. */
  get isComplete(): boolean {
    return this.#announced <= 0;
  }

  sendHeaders(headers: HeaderList, endStream = false): void {
    if (this.#finished || this.over) return;
    this.#finished = endStream;
    this.#host.sendHeaders(this, headers, endStream);
  }

  write(chunk: Uint8Array, endStream = false): boolean {
    const length = chunk.length;
    if (this.#finished || this.over || (length === 0 && !endStream)) return true;
    this.#finished = endStream;
    const { sender } = this.#host;
    if (this.#queue === undefined && length <= this.#sendWindow && sender.fits(length) && this.id !== 0) {
      this.#sendWindow -= length;
      sender.sendData(this.id, chunk, endStream);
      if (endStream) this.#host.onLocalEnd(this);
    } else {
      this.#enqueue(chunk);
    }
    if (this.#queue === undefined && !sender.full) return true;
    this.#needsDrain = !endStream;
    if (this.#queue === undefined) sender.thirst(this);
    return false;
  }

  sendTrailers(trailers: HeaderList): void {
    if (this.#finished || this.over) return;
    this.#finished = true;
    if (this.#queue === undefined) this.#host.sendHeaders(this, trailers, true);
    else this.#trailers = trailers;
  }

  end(): void {
    if (this.#finished || this.over) return;
    this.#finished = true;
    if (this.#queue !== undefined) return;
    if (this.id === 0) this.#queue = new ChunkQueue();
    else {
      this.#host.sender.sendData(this.id, EMPTY_BYTES, true);
      this.#host.onLocalEnd(this);
    }
  }

  reset(code: number): void {
    const wasOver = this.over;
    this.abandon();
    if (!wasOver) this.#host.onLocalReset(this, code);
  }

  consume(bytes: number): void {
    const taken = Math.min(bytes, this.#unconsumed);
    if (taken <= 0) return;
    this.#unconsumed -= taken;
    this.#giveBack(taken);
  }

  /** Ends the stream without telling anybody, and drops what waits. */
  abandon(): void {
    this.over = true;
    this.#queue = undefined;
    this.#needsDrain = false;
  }

  /** Sends up to one frame of what waits. */
  sendNext(): boolean {
    const queue = this.#queue;
    if (queue !== undefined) {
      const length = Math.min(this.#host.sender.room(queue.byteLength), this.#sendWindow);
      if (length > 0 || queue.byteLength === 0) this.#sendFrom(queue, Math.max(0, length));
    }
    this.#scheduled = this.#queue !== undefined && this.#sendWindow > 0;
    return this.#scheduled;
  }

  /** The connection takes more. */
  onRoom(): void {
    if (!this.#needsDrain || this.over) return;
    this.#needsDrain = false;
    this.events.onDrain();
  }

  /** Widens (or, by a setting of the peer, narrows) the send window; false when it would overflow. */
  grant(increment: number): boolean {
    if (this.#sendWindow + increment > MAX_WINDOW_BYTES) return false;
    this.#sendWindow += increment;
    this.#schedule();
    return true;
  }

  /** How many body bytes the peer has announced. */
  announce(contentLength: number): void {
    this.#announced = contentLength;
  }

  /** A DATA frame begins: 0, or the error code that it deserves. */
  take(flowBytes: number): number {
    if (this.remoteEnded) return Http2ErrorCode.streamClosed;
    if (!this.begun) return Http2ErrorCode.protocolError;
    return this.#receiveWindow.take(flowBytes) ? 0 : Http2ErrorCode.flowControlError;
  }

  /** A piece of a DATA frame that was taken. `lent`: its memory will be used again. */
  deliver(piece: Uint8Array, lent: boolean): void {
    this.#unconsumed += piece.length;
    this.events.onData(piece, lent);
  }

  /** A DATA frame is complete: 0, or the error code that it deserves. `padBytes` were taken and not delivered. */
  delivered(dataBytes: number, padBytes: number): number {
    if (padBytes > 0) this.#giveBack(padBytes);
    if (this.#announced < 0) return 0;
    this.#announced -= dataBytes;
    return this.#announced < 0 ? Http2ErrorCode.protocolError : 0;
  }

  /** The peer's direction is complete. */
  endRemote(): void {
    this.remoteEnded = true;
  }

  #giveBack(bytes: number): void {
    if (this.remoteEnded || this.over) return;
    const increment = this.#receiveWindow.giveBack(bytes);
    if (increment > 0) this.#host.sendWindowUpdate(this.id, increment);
  }

  #enqueue(chunk: Uint8Array): void {
    this.#queue ??= new ChunkQueue();
    this.#queue.push(chunk);
    this.#schedule();
  }

  #schedule(): void {
    const queue = this.#queue;
    if (queue === undefined || this.#scheduled || this.id === 0) return;
    if (this.#sendWindow <= 0 && queue.byteLength > 0) return;
    this.#scheduled = true;
    this.#host.sender.schedule(this);
  }

  #sendFrom(queue: ChunkQueue, length: number): void {
    const last = length === queue.byteLength;
    const endStream = last && this.#finished && this.#trailers === undefined;
    this.#sendWindow -= length;
    if (last) this.#queue = undefined;
    if (length > 0 || endStream) this.#host.sender.sendQueued(this.id, queue, length, endStream);
    if (endStream) this.#host.onLocalEnd(this);
    else if (last && this.#finished) this.#host.sendHeaders(this, this.#trailers!, true);
    else if (last && this.#needsDrain) this.#host.sender.thirst(this);
  }
}
