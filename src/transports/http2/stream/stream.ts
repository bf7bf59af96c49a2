import { EMPTY_BYTES } from '../../../wire/bytes.js';
import { ChunkQueue } from '../../../wire/chunk-queue.js';
import { Http2ErrorCode, MAX_WINDOW_BYTES } from '../../../wire/http2/frames.js';
import { ReceiveWindow } from '../flow/receive-window.js';
import type { Sender, SendingStream } from '../flow/sender.js';
import type { HeaderList, Http2Stream, Http2StreamEvents } from '../interfaces.js';
import { contentLengthOf, findFault } from './header-rules.js';
import { type ClosedBy, StreamState } from './state.js';

const { noError, protocolError, streamClosed, flowControlError } = Http2ErrorCode;

/** What all streams of a session have in common. */
export interface StreamContext {
  readonly server: boolean;
  readonly sender: Sender;
  readonly receiveWindowBytes: number;
  /** Called behind the stream's last event; may be called more than once for a stream. */
  readonly onClosed: (stream: SessionStream) => void;
}

/** One stream, either role: its state, both windows, and what waits to be sent. */
export class SessionStream implements Http2Stream, SendingStream {
  /** 0 while the stream is idle. */
  id = 0;
  readonly state = new StreamState();
  /** Receiver of events; a server's handler returns it once it has the stream. */
  events: Http2StreamEvents;
  readonly #context: StreamContext;
  readonly #sender: Sender;
  readonly #receiveWindow: ReceiveWindow;
  #sendWindow = 0;
  /** Delivered and not consumed. */
  #unconsumed = 0;
  /** Body bytes that `content-length` still announces; -1 without one. */
  #announced = -1;
  /** The caller has ended our direction; END_STREAM follows what waits. */
  #ending: boolean;
  /** What waits to be sent; empty when only END_STREAM does. */
  #queue: ChunkQueue | undefined;
  #trailers: HeaderList | undefined;
  /** Takes part in the turns of the sender. */
  #scheduled = false;
  /** The caller waits for `onDrain`. */
  #needsDrain = false;

  /** `ending`: the caller has nothing but headers to send. */
  constructor(context: StreamContext, events: Http2StreamEvents, ending: boolean) {
    this.#context = context;
    this.#sender = context.sender;
    this.#receiveWindow = new ReceiveWindow(context.receiveWindowBytes);
    this.events = events;
    this.#ending = ending;
  }

  /** The stream gets its id; from here on it may send. */
  open(id: number, sendWindow: number): void {
    this.id = id;
    this.#sendWindow = sendWindow;
    this.state.open();
  }

  /** Client: sends the request's header block, and what was written while the stream was idle. */
  sendRequest(block: Uint8Array): void {
    const endStream = this.#ending && this.#queue === undefined;
    this.#sender.sendHeaders(this.id, block, endStream);
    if (endStream) this.#onEndStreamSent();
    else this.#schedule();
  }

  /** Server: the request's headers, which are valid. */
  receiveRequest(headers: HeaderList, endStream: boolean): void {
    this.state.receiveHeaders();
    if (endStream) this.state.receiveEndStream();
    else this.#announced = contentLengthOf(headers);
  }

  sendHeaders(headers: HeaderList, endStream = false): void {
    if (this.#ending || this.state.isClosed) return;
    this.#ending = endStream;
    this.#sendHeaders(headers, endStream);
  }

  write(chunk: Uint8Array, endStream = false): boolean {
    const length = chunk.length;
    if (this.#ending || this.state.isClosed || (length === 0 && !endStream)) return true;
    this.#ending = endStream;
    const sender = this.#sender;
    if (this.#queue === undefined && length <= this.#sendWindow && sender.fits(length) && this.id !== 0) {
      this.#sendWindow -= length;
      sender.sendData(this.id, chunk, endStream);
      if (endStream) this.#onEndStreamSent();
    } else {
      this.#queue ??= new ChunkQueue();
      this.#queue.push(chunk);
      this.#schedule();
    }
    if (this.#queue === undefined && !sender.full) return true;
    this.#needsDrain = !endStream;
    if (this.#queue === undefined) sender.waitForDrain(this);
    return false;
  }

  sendTrailers(trailers: HeaderList): void {
    if (this.#ending || this.state.isClosed) return;
    this.#ending = true;
    if (this.#queue === undefined) this.#sendHeaders(trailers, true);
    else this.#trailers = trailers;
  }

  end(): void {
    if (this.#ending || this.state.isClosed) return;
    this.#ending = true;
    if (this.#queue !== undefined) return;
    if (this.id === 0) this.#queue = new ChunkQueue();
    else {
      this.#sender.sendData(this.id, EMPTY_BYTES, true);
      this.#onEndStreamSent();
    }
  }

  reset(code: number): void {
    if (this.state.isClosed) return;
    this.#close('reset sent');
    if (this.id !== 0) this.#sender.resetStream(this.id, code);
    this.#context.onClosed(this);
  }

  consume(bytes: number): void {
    const taken = Math.min(bytes, this.#unconsumed);
    if (taken <= 0) return;
    this.#unconsumed -= taken;
    this.#giveBack(taken);
  }

  sendNext(): boolean {
    const queue = this.#queue;
    if (queue !== undefined) {
      const length = Math.min(this.#sender.room(queue.byteLength), this.#sendWindow);
      if (length > 0 || queue.byteLength === 0) this.#sendQueued(queue, Math.max(0, length));
    }
    this.#scheduled = this.#queue !== undefined && this.#sendWindow > 0;
    return this.#scheduled;
  }

  onDrained(): void {
    if (!this.#needsDrain || this.state.isClosed) return;
    this.#needsDrain = false;
    this.events.onDrain();
  }

  /** WINDOW_UPDATE, or a change of SETTINGS_INITIAL_WINDOW_SIZE, which may be negative; false when the window would overflow. */
  increaseSendWindow(increment: number): boolean {
    if (this.#sendWindow + increment > MAX_WINDOW_BYTES) return false;
    this.#sendWindow += increment;
    this.#schedule();
    return true;
  }

  /** A header block other than a request. Returns the code of a stream error, or 0. */
  receiveHeaders(list: HeaderList, endStream: boolean): number {
    if (this.state.remoteEnded) return streamClosed;
    return this.state.awaitsHeaders ? this.#receiveResponse(list, endStream) : this.#receiveTrailers(list, endStream);
  }

  /** A DATA frame begins. Returns the code of a stream error, or 0. */
  receiveData(flowBytes: number): number {
    if (this.state.remoteEnded) return streamClosed;
    if (this.state.awaitsHeaders) return protocolError;
    return this.#receiveWindow.take(flowBytes) ? 0 : flowControlError;
  }

  /** A piece of the DATA frame. `transient`: its memory is used again after the call. */
  deliver(piece: Uint8Array, transient: boolean): void {
    this.#unconsumed += piece.length;
    this.events.onData(piece, transient);
  }

  /** The DATA frame is complete, of which `padBytes` were not delivered. Returns the code of a stream error, or 0. */
  endData(dataBytes: number, padBytes: number, endStream: boolean): number {
    if (padBytes > 0) this.#giveBack(padBytes);
    if (this.#announced >= 0) {
      this.#announced -= dataBytes;
      if (this.#announced < 0) return protocolError;
    }
    return endStream ? this.#receiveEndStream() : 0;
  }

  /** RST_STREAM of the peer. */
  receiveReset(code: number): void {
    const told = this.#hasResponse;
    this.#close('reset received');
    if (!told) this.events.onReset(code);
    this.#context.onClosed(this);
  }

  /** A stream error (RFC 9113 §5.4.2): RST_STREAM for the peer, and `onReset` here. */
  fail(code: number): void {
    const told = this.#hasResponse;
    this.#close('reset sent');
    this.#sender.resetStream(this.id, code);
    if (!told) this.events.onReset(code);
    this.#context.onClosed(this);
  }

  /** The connection has ended. True when the caller has to call `onReset`. */
  disconnect(): boolean {
    const untold = !this.state.isClosed && !this.#hasResponse;
    this.#close('connection');
    return untold;
  }

  /** A client with a complete response gets no further events. */
  get #hasResponse(): boolean {
    return this.state.remoteEnded && !this.#context.server;
  }

  #close(by: ClosedBy): void {
    this.state.close(by);
    this.#queue = undefined;
    this.#needsDrain = false;
  }

  /** First block of a response; interim ones are skipped (RFC 9113 §8.1). */
  #receiveResponse(list: HeaderList, endStream: boolean): number {
    const interim = list[1]?.startsWith('1') === true;
    if (findFault('response', list) !== undefined || (interim && endStream)) return protocolError;
    if (interim) return 0;
    this.state.receiveHeaders();
    if (endStream) this.state.receiveEndStream();
    else this.#announced = contentLengthOf(list);
    this.events.onHeaders(list, endStream);
    if (this.state.isClosed) this.#context.onClosed(this);
    return 0;
  }

  #receiveTrailers(list: HeaderList, endStream: boolean): number {
    // A header block in mid-stream has to end it.
    if (!endStream || findFault('trailers', list) !== undefined) return protocolError;
    if (this.#announced > 0) return protocolError;
    this.events.onTrailers(list);
    return this.state.isClosed ? 0 : this.#receiveEndStream();
  }

  #receiveEndStream(): number {
    if (this.#announced > 0) return protocolError;
    this.state.receiveEndStream();
    this.events.onEnd();
    if (this.state.isClosed) this.#context.onClosed(this);
    return 0;
  }

  /** END_STREAM was sent. A server that has answered has no use for the rest of the request (RFC 9113 §8.1). */
  #onEndStreamSent(): void {
    this.state.sendEndStream();
    if (this.#context.server && !this.state.isClosed) {
      this.#close('early response');
      this.#sender.resetStream(this.id, noError);
    }
    this.events.onFinish?.();
    if (this.state.isClosed) this.#context.onClosed(this);
  }

  #sendHeaders(list: HeaderList, endStream: boolean): void {
    this.#sender.sendHeaders(this.id, this.#sender.encoder.encode(list), endStream);
    if (endStream) this.#onEndStreamSent();
  }

  /** Gives receive window back, as long as the peer may still send. */
  #giveBack(bytes: number): void {
    if (this.state.isClosed || this.state.remoteEnded) return;
    const increment = this.#receiveWindow.giveBack(bytes);
    if (increment > 0) this.#sender.sendWindowUpdate(this.id, increment);
  }

  #schedule(): void {
    const queue = this.#queue;
    if (queue === undefined || this.#scheduled || this.id === 0) return;
    if (this.#sendWindow <= 0 && queue.byteLength > 0) return;
    this.#scheduled = true;
    this.#sender.schedule(this);
  }

  #sendQueued(queue: ChunkQueue, length: number): void {
    const last = length === queue.byteLength;
    const endStream = last && this.#ending && this.#trailers === undefined;
    this.#sendWindow -= length;
    if (last) this.#queue = undefined;
    if (length > 0 || endStream) this.#sender.sendQueued(this.id, queue, length, endStream);
    if (endStream) this.#onEndStreamSent();
    else if (last && this.#ending) this.#sendHeaders(this.#trailers!, true);
    else if (last && this.#needsDrain) this.#sender.waitForDrain(this);
  }
}
