import type { StreamFrameSink } from '../../../wire/http2/frame-sink.js';
import { DEFAULT_WINDOW_BYTES, Http2ErrorCode, http2Error } from '../../../wire/http2/frames.js';
import { HpackDecoder } from '../../../wire/http2/hpack-decoder.js';
import { ReceiveWindow } from '../flow/receive-window.js';
import type { Sender } from '../flow/sender.js';
import type { HeaderList, Http2StreamEvents } from '../interfaces.js';
import { EMPTY_FRAME_BUDGET, RateBudget, STREAM_ERROR_BUDGET } from '../limits.js';
import type { ResolvedHttp2Options } from '../options.js';
import { SessionStream, type StreamContext } from './stream.js';
import { StreamTable } from './stream-table.js';

const { protocolError, streamClosed, flowControlError, enhanceYourCalm } = Http2ErrorCode;

export interface StreamsOptions {
  readonly server: boolean;
  readonly sender: Sender;
  readonly options: ResolvedHttp2Options;
  /** HEADERS of a stream that is idle. `errorCode`: what they are as an error of the stream, or 0. */
  readonly onIdleStream: (streamId: number, list: HeaderList, endStream: boolean, errorCode: number) => void;
  /** A stream was closed; one that was idle has the id 0. */
  readonly onClosed: (stream: SessionStream) => void;
}

/** The streams of a session: acts on the frames that the peer sends for them (RFC 9113 §5.1, §6). Throws errors of the connection. */
export class Streams implements StreamFrameSink {
  /** Memory of the chunk that is being decoded is used again after it. */
  transient = false;
  readonly #server: boolean;
  readonly #sender: Sender;
  readonly #table = new StreamTable();
  readonly #context: StreamContext;
  readonly #decoder: HpackDecoder;
  readonly #receiveWindow: ReceiveWindow;
  readonly #onIdleStream: StreamsOptions['onIdleStream'];
  readonly #onClosed: StreamsOptions['onClosed'];
  readonly #errors = new RateBudget(STREAM_ERROR_BUDGET);
  readonly #emptyFrames = new RateBudget(EMPTY_FRAME_BUDGET);
  /** The highest id that a client has used: those up to it that are not in the table are closed. */
  #highestId = 0;
  /** The last stream that the peer closed. */
  #lastClosedByPeer = 0;
  /** The peer's SETTINGS_INITIAL_WINDOW_SIZE. */
  #sendWindowBytes = DEFAULT_WINDOW_BYTES;
  /** The stream of the current DATA frame; undefined when its bytes are dropped. */
  #current: SessionStream | undefined;
  #flowBytes = 0;

  constructor({ server, sender, options, onIdleStream, onClosed }: StreamsOptions) {
    this.#server = server;
    this.#sender = sender;
    this.#onIdleStream = onIdleStream;
    this.#onClosed = onClosed;
    this.#context = {
      server,
      sender,
      receiveWindowBytes: options.streamWindowBytes,
      onClosed: (stream) => this.#remove(stream),
    };
    this.#decoder = new HpackDecoder({ maxListBytes: options.maxHeaderListBytes });
    this.#receiveWindow = new ReceiveWindow(options.connectionWindowBytes);
  }

  /** Streams that are open or half-closed. */
  get size(): number {
    return this.#table.size;
  }

  get highestId(): number {
    return this.#highestId;
  }

  /** Ids up to this one are used, also where their frames were refused. */
  use(streamId: number): void {
    this.#highestId = streamId;
  }

  /** A stream that is idle. `ending`: nothing but headers will be sent on it. */
  create(events: Http2StreamEvents, ending: boolean): SessionStream {
    return new SessionStream(this.#context, events, ending);
  }

  /** Opens a stream that was created here. */
  open(stream: SessionStream, id: number): void {
    this.use(id);
    stream.open(id, this.#sendWindowBytes);
    this.#table.add(stream);
  }

  /** The open streams, as of now, the oldest first. */
  all(): SessionStream[] {
    return this.#table.all();
  }

  /** RST_STREAM for a stream that is not opened. */
  refuse(streamId: number, code: number): void {
    this.#countError();
    this.#sender.refuseStream(streamId, code);
  }

  /** The connection has ended: closes every stream and calls its `onReset`. `cause` is asked only where there is a stream. */
  disconnect(code: number, cause: () => Error): void {
    const streams = this.all();
    if (streams.length === 0) return;
    const error = cause();
    for (const stream of streams) this.#table.remove(stream.id);
    // All are closed before the first receiver is called, which may act on the others.
    const untold = streams.filter((stream) => stream.disconnect());
    for (const stream of untold) stream.events.onReset(code, error);
  }

  /** The peer's SETTINGS_INITIAL_WINDOW_SIZE, which changes the windows of open streams too (RFC 9113 §6.9.2). */
  setSendWindow(bytes: number): void {
    const change = bytes - this.#sendWindowBytes;
    this.#sendWindowBytes = bytes;
    if (change === 0) return;
    for (const stream of this.all()) {
      if (stream.increaseSendWindow(change)) continue;
      throw http2Error(flowControlError, 'SETTINGS_INITIAL_WINDOW_SIZE exceeds the largest window');
    }
  }

  onDataStart(streamId: number, flowBytes: number): void {
    this.#receive(flowBytes);
    this.#flowBytes = flowBytes;
    const stream = this.#table.get(streamId);
    this.#current = stream;
    if (stream === undefined) return this.#onLateFrame(streamId, 'DATA');
    const code = stream.receiveData(flowBytes);
    if (code === 0) return;
    this.#current = undefined;
    this.#streamError(stream, code);
  }

  onDataPiece(piece: Uint8Array): void {
    const stream = this.#current;
    if (stream !== undefined && !stream.state.isClosed) stream.deliver(piece, this.transient);
  }

  onDataEnd(_streamId: number, dataBytes: number, endStream: boolean): void {
    if (dataBytes === 0 && !endStream) this.countEmptyFrame();
    const stream = this.#current;
    if (stream === undefined || stream.state.isClosed) return;
    const code = stream.endData(dataBytes, this.#flowBytes - dataBytes, endStream);
    if (code !== 0) this.#streamError(stream, code);
  }

  onHeaders(
    streamId: number,
    endStream: boolean,
    block: Uint8Array,
    start: number,
    end: number,
    errorCode: number,
  ): void {
    const list = this.#decoder.decode(block, start, end);
    const code = errorCode === 0 && this.#decoder.tooLarge ? enhanceYourCalm : errorCode;
    const stream = this.#table.get(streamId);
    if (stream !== undefined) this.#onHeaders(stream, list, endStream, code);
    else if (this.#isIdle(streamId)) this.#onIdleStream(streamId, list, endStream, code);
    else this.#onLateHeaders(streamId, list);
  }

  onPriority(streamId: number, errorCode: number): void {
    this.countEmptyFrame();
    if (errorCode === 0) return;
    const stream = this.#table.get(streamId);
    if (stream === undefined) this.refuse(streamId, errorCode);
    else this.#streamError(stream, errorCode);
  }

  onResetStream(streamId: number, code: number): void {
    const stream = this.#table.get(streamId);
    if (stream === undefined) return this.#validateNotIdle(streamId, 'RST_STREAM');
    stream.receiveReset(code);
  }

  onStreamWindowUpdate(streamId: number, increment: number): void {
    const stream = this.#table.get(streamId);
    if (stream === undefined) return this.#validateNotIdle(streamId, 'WINDOW_UPDATE');
    if (increment === 0) this.#streamError(stream, protocolError);
    else if (!stream.increaseSendWindow(increment)) this.#streamError(stream, flowControlError);
  }

  /** A frame was received that is legal and contains nothing. */
  countEmptyFrame(): void {
    if (this.#emptyFrames.spend()) return;
    throw http2Error(enhanceYourCalm, 'the peer sends too many frames that contain nothing');
  }

  /**
   * Takes a DATA frame off the connection's window and gives it back at once, as grpc-go does. So a stream that nobody reads blocks no
   * other, and the windows of the streams bound what is received and not consumed.
   */
  #receive(flowBytes: number): void {
    if (!this.#receiveWindow.take(flowBytes)) {
      throw http2Error(flowControlError, 'the peer has sent more than the connection’s window');
    }
    const increment = this.#receiveWindow.giveBack(flowBytes);
    if (increment > 0) this.#sender.sendWindowUpdate(0, increment);
  }

  #onHeaders(stream: SessionStream, list: HeaderList, endStream: boolean, errorCode: number): void {
    const code = errorCode === 0 ? stream.receiveHeaders(list, endStream) : errorCode;
    if (code !== 0) this.#streamError(stream, code);
    // Still: the response was an interim one.
    else if (stream.state.awaitsHeaders) this.countEmptyFrame();
  }

  /** Trailers may be late. A request cannot be: ids only grow. */
  #onLateHeaders(streamId: number, list: HeaderList): void {
    if (this.#server && list[0]?.startsWith(':') === true) {
      throw http2Error(streamClosed, `a client opens stream ${streamId} after stream ${this.#highestId}`);
    }
    this.#onLateFrame(streamId, 'HEADERS');
  }

  /**
   * HEADERS or DATA of a stream that is closed. If this end closed it, the peer may have sent the frame before: it is dropped. If the peer
   * closed it, the frame is an error of the stream (RFC 9113 §5.1). That is checked for the last such stream only, since a list of them would
   * grow without limit.
   */
  #onLateFrame(streamId: number, what: string): void {
    this.#validateNotIdle(streamId, what);
    if (streamId === this.#lastClosedByPeer) this.#sender.refuseStream(streamId, streamClosed);
  }

  #validateNotIdle(streamId: number, what: string): void {
    if (this.#isIdle(streamId)) throw http2Error(protocolError, `${what} is on stream ${streamId}, which is idle`);
  }

  /** Only clients open streams, with odd ids. */
  #isIdle(streamId: number): boolean {
    return streamId > this.#highestId || streamId % 2 === 0;
  }

  #streamError(stream: SessionStream, code: number): void {
    this.#countError();
    stream.fail(code);
  }

  #countError(): void {
    if (this.#errors.spend()) return;
    throw http2Error(enhanceYourCalm, 'too many streams were reset for errors of the peer');
  }

  #remove(stream: SessionStream): void {
    if (stream.id !== 0 && !this.#table.remove(stream.id)) return;
    const { closedBy } = stream.state;
    if (closedBy === 'end of stream') this.#errors.earn();
    if (closedBy === 'end of stream' || closedBy === 'reset received') this.#lastClosedByPeer = stream.id;
    this.#onClosed(stream);
  }
}
