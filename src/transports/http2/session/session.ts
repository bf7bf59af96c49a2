import type { Duplex } from 'node:stream';
import { ClosedError, errorMessage, PluginError, ProtocolError, TransportError } from '../../../errors.js';
import { FrameDecoder } from '../../../wire/http2/frame-decoder.js';
import { DEFAULT_WINDOW_BYTES, Http2ErrorCode, http2Error } from '../../../wire/http2/frames.js';
import { HpackEncoder } from '../../../wire/http2/hpack-encoder.js';
import type { HeaderList, Http2SessionEvents } from '../engine.js';
import { ReceiveWindow } from '../flow/receive-window.js';
import { Sender } from '../flow/sender.js';
import type { ResolvedHttp2Options } from '../options.js';
import type { SessionStream, StreamHost } from '../stream/stream.js';
import { StreamTable } from '../stream/stream-table.js';
import { ControlFrames } from './control-frames.js';
import { FrameHandler } from './frame-handler.js';
import type { FrameHost } from './frame-host.js';
import { KeepAlive } from './keep-alive.js';
import { BREAKAGES, MAX_WAITING_ANSWERS, maxHeaderBlockBytes } from './limits.js';
import { Link, type LinkEvents } from './link.js';
import { Pings } from './pings.js';
import { encodeHello } from './preface.js';
import { RateBudget } from './rate-budget.js';
import type { Role } from './role.js';

/** Characters of an error that the peer is told. */
const MAX_REASON = 200;

/** One HTTP/2 connection, either role: everything that client and server have in common. */
export class Session implements StreamHost, FrameHost, LinkEvents {
  readonly options: ResolvedHttp2Options;
  readonly streams = new StreamTable();
  readonly sender: Sender;
  readonly control: ControlFrames;
  readonly pings: Pings;
  readonly encoder = new HpackEncoder();
  /** Send window of a new stream. */
  peerWindowBytes = DEFAULT_WINDOW_BYTES;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  /** Nobody has to be told why the connection ends: we have said goodbye, or the peer has. */
  excused = false;
  /** Memory of the chunk in hand will be used again. */
  lent = false;
  /** No frame is taken or sent any more; every stream is over. */
  ended = false;
  readonly #link: Link;
  readonly #role: Role;
  readonly #events: Http2SessionEvents;
  readonly #decoder: FrameDecoder;
  readonly #window: ReceiveWindow;
  readonly #keepAlive: KeepAlive;
  readonly #breakages = new RateBudget(BREAKAGES);
  #waitingAnswers = 0;
  #lastClosedByPeer = 0;
  #told = false;
  #cause: Error | undefined;
  #resolveClosed: () => void = () => {};

  constructor(connection: Duplex, role: Role, events: Http2SessionEvents, options: ResolvedHttp2Options) {
    this.options = options;
    this.#role = role;
    this.#events = events;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#link = new Link(connection, this);
    this.sender = new Sender(this.#link.outbox);
    this.control = new ControlFrames(this.#link.outbox);
    this.pings = new Pings(this.control);
    this.#window = new ReceiveWindow(options.connectionWindowBytes);
    this.#keepAlive = new KeepAlive(
      {
        mayPing: () => role.server || options.keepAliveWithoutStreams || this.streams.size > 0,
        ping: (timeoutMs) => this.pings.ping(timeoutMs),
        fail: (error) => this.fail(error),
      },
      options,
    );
    this.#decoder = new FrameDecoder(new FrameHandler(this, role, () => events.onReady?.()), {
      expectPreface: role.server,
      maxFrameBytes: options.maxFrameBytes,
      maxHeaderBlockBytes: maxHeaderBlockBytes(options),
    });
    this.#link.outbox.push(encodeHello(role.server, options));
    this.#link.outbox.flush();
    this.#link.start();
  }

  onChunk(chunk: Uint8Array, lent: boolean): void {
    this.lent = lent;
    this.#keepAlive.heard();
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      this.fail(error);
    }
  }

  onRoom(): void {
    this.#waitingAnswers = 0;
    this.sender.pump();
  }

  onEnd(): void {
    this.#lose('The peer closed the connection without a GOAWAY.');
    this.#link.end();
  }

  onOver(error?: Error): void {
    if (error !== undefined && !this.excused) this.#cause ??= connectionError(error);
    this.#lose('The connection closed without a GOAWAY.');
    this.#tellClosed();
    this.#resolveClosed();
  }

  /** The connection is broken beyond repair: tells the peer why, resets everything. */
  fail(reason: unknown): void {
    if (this.ended) return;
    const error = PluginError.is(reason) ? reason : unexpected(reason);
    const code = (error instanceof ProtocolError ? error.wireCode : undefined) ?? Http2ErrorCode.internalError;
    this.#cause ??= error;
    this.control.goAway(this.#role.lastPeerStreamId, code, error.message.slice(0, MAX_REASON));
    this.#endStreams();
    this.#link.end();
    this.#tellClosed();
  }

  /** At once. */
  destroy(error?: Error): void {
    if (error !== undefined) this.#cause ??= error;
    this.excused = true;
    this.#endStreams();
    this.#link.destroy();
  }

  /** Everything is done: ends the connection in good order. */
  finish(): void {
    if (this.ended) return;
    this.excused = true;
    this.control.goAway(this.#role.lastPeerStreamId, Http2ErrorCode.noError);
    this.#endStreams();
    this.#link.end();
    this.#tellClosed();
  }

  /** Why the session has ended, or will. */
  get cause(): Error {
    return this.#cause ?? new ClosedError('ERR_CLOSED', 'The HTTP/2 session was closed.');
  }

  /** Remembers why the session will end, unless something worse has come before. */
  blame(error: Error): void {
    this.#cause ??= error;
  }

  ref(): void {
    this.#link.ref();
  }

  unref(): void {
    this.#link.unref();
  }

  /** The peer has acknowledged our SETTINGS. */
  settled(): void {
    this.#keepAlive.settled();
  }

  sendHeaders(stream: SessionStream, list: HeaderList, endStream: boolean): void {
    this.sender.sendHeaders(stream.id, this.encoder.encode(list), endStream);
    if (endStream) this.onLocalEnd(stream);
  }

  sendWindowUpdate(streamId: number, increment: number): void {
    this.control.windowUpdate(streamId, increment);
  }

  /**
   * Takes a DATA frame off the connection's window and gives it back at once, as grpc-go does: what is received and not consumed is
   * bounded by the windows of the streams, so that streams that nobody reads hold up no others.
   */
  receive(flowBytes: number): void {
    if (!this.#window.take(flowBytes)) {
      throw http2Error(Http2ErrorCode.flowControlError, 'the peer has sent more than the connection’s window');
    }
    const increment = this.#window.giveBack(flowBytes);
    if (increment > 0) this.sendWindowUpdate(0, increment);
  }

  onLocalEnd(stream: SessionStream): void {
    stream.localEnded = true;
    if (stream.remoteEnded) this.onComplete(stream);
    else if (this.#role.server) stream.reset(Http2ErrorCode.noError);
    stream.events.onFinish?.();
  }

  onComplete(stream: SessionStream): void {
    if (stream.over) return;
    if (this.#role.server) stream.abandon();
    this.#breakages.earn();
    this.#lastClosedByPeer = stream.id;
    stream.over = true;
    this.streams.remove(stream.id);
    this.#role.onStreamOver();
  }

  onLocalReset(stream: SessionStream, code: number): void {
    if (this.ended || stream.id === 0) return this.#role.onWaitingReset(stream);
    this.control.resetStream(stream.id, code);
    this.streams.remove(stream.id);
    this.#role.onStreamOver();
  }

  /** An error of one stream (RFC 9113 §5.4.2): both ends are told. */
  breakStream(stream: SessionStream, code: number): void {
    this.countBreakage();
    const wasDone = stream.remoteEnded && !this.#role.server;
    stream.reset(code);
    if (!wasDone) stream.events.onReset(code);
  }

  /** RST_STREAM of the peer. A client that has the whole response has heard all there is to hear. */
  onPeerReset(stream: SessionStream, code: number): void {
    if (this.#role.server) this.countBreakage();
    const wasDone = stream.remoteEnded && !this.#role.server;
    this.#lastClosedByPeer = stream.id;
    stream.abandon();
    this.streams.remove(stream.id);
    if (!wasDone) stream.events.onReset(code);
    this.#role.onStreamOver();
  }

  /** Answers frames of a stream that has no place here. */
  refuse(streamId: number, code: number): void {
    this.countBreakage();
    this.control.resetStream(streamId, code);
    this.countAnswer();
  }

  /**
   * HEADERS or DATA of a stream that is closed: sent before the peer knew that, and dropped. After its own END_STREAM or RST_STREAM it
   * is an error of the stream (RFC 9113 §5.1), which is told of the last such stream only, so that no list of them has to be kept.
   */
  onLateFrame(streamId: number): void {
    if (streamId !== this.#lastClosedByPeer) return;
    this.control.resetStream(streamId, Http2ErrorCode.streamClosed);
    this.countAnswer();
  }

  /** The peer has broken a stream, or made us break one. */
  countBreakage(): void {
    if (this.#breakages.spend()) return;
    throw http2Error(Http2ErrorCode.enhanceYourCalm, 'the peer breaks off too many streams');
  }

  /** An answer was sent that the peer has provoked: it has to read as fast as it provokes. */
  countAnswer(): void {
    if (!this.#link.outbox.blocked) this.#waitingAnswers = 0;
    else if (++this.#waitingAnswers > MAX_WAITING_ANSWERS) {
      this.fail(http2Error(Http2ErrorCode.enhanceYourCalm, 'the peer makes us answer and does not read the answers'));
    }
  }

  /** The connection is gone. That is in order when it was announced, or when a server had nothing to do. */
  #lose(text: string): void {
    if (this.ended) return;
    const quiet = this.#role.server && this.streams.size === 0 && this.#decoder.idle;
    if (!this.excused && !quiet) this.#cause ??= new TransportError('ERR_CONNECTION_LOST', text);
    this.#endStreams();
  }

  #tellClosed(): void {
    if (this.#told) return;
    this.#told = true;
    this.#events.onClose(this.#cause);
  }

  #endStreams(): void {
    if (this.ended) return;
    this.ended = true;
    this.#decoder.stop();
    this.#keepAlive.stop();
    this.pings.end(this.#cause);
    const why = this.cause;
    for (const stream of this.streams.all()) {
      const wasDone = stream.over || (stream.remoteEnded && !this.#role.server);
      stream.abandon();
      this.streams.remove(stream.id);
      if (!wasDone) stream.events.onReset(Http2ErrorCode.cancel, why);
    }
    this.#role.onEnded(why);
  }
}

function connectionError(cause: Error): PluginError {
  if (PluginError.is(cause)) return cause;
  return new TransportError('ERR_CONNECTION_LOST', `The connection failed: ${cause.message}.`, { cause });
}

function unexpected(reason: unknown): ProtocolError {
  const text = errorMessage(reason);
  const options = { cause: reason, wireCode: Http2ErrorCode.internalError };
  return new ProtocolError('ERR_HTTP2_PROTOCOL', `The HTTP/2 session failed: ${text}.`, options);
}
