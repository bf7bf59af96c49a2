import { type Delivery, errorMessage, PluginError } from '../../../errors.js';
import type { HeaderList, Http2StreamEvents } from '../../../transports/http2/interfaces.js';
import { MAX_TIMER_MS } from '../../../wire/duration.js';
import { Http2ErrorCode } from '../../../wire/http2/frames.js';
import { decompressor } from '../message/compression.js';
import { MessageDecoder, PREFIX_BYTES, tooLong } from '../message/framing.js';
import { GrpcError } from '../shared/errors.js';
import { status as Status } from '../shared/grpc-js.js';
import {
  type CallStatus,
  localStatus,
  lostStatus,
  statusFromHttp,
  statusFromReset,
  statusFromTrailers,
} from '../shared/status.js';
import type { GrpcCall, GrpcCallEvents, GrpcCallOptions } from './channel.js';
import type { ChannelSession, ClientStream } from './dial-session.js';
import { checkHeaderListSize, type RequestHeaders } from './request-headers.js';
import { readResponseHead } from './response-head.js';

const CANCEL = Http2ErrorCode.cancel;

/** What all calls of a channel have in common. */
export interface CallContext {
  readonly maxReceiveMessageBytes: number;
  readonly maxSendMessageBytes: number;
  readonly headers: RequestHeaders;
  /** Why a call has no stream yet, for the message of its timeout. */
  describeWait(): string;
  /** The call has lost its connection. True: it waits for the reason, and `fail` is called in the end. */
  onLost(call: StreamCall, status: CallStatus): boolean;
  /** The deadline of a call has passed, and nothing was received on its connection since it began. */
  onSilent(session: ChannelSession): void;
  /** The call has ended, before or after its `onStatus`. Called once for each call. */
  onEnd(call: StreamCall): void;
}

/**
 * A call on one stream of an HTTP/2 session (grpc doc/PROTOCOL-HTTP2.md). Until the channel has a session, messages are queued here. One
 * object per call: it receives the events of its stream itself.
 */
export class StreamCall implements GrpcCall, Http2StreamEvents {
  readonly options: GrpcCallOptions;
  readonly #context: CallContext;
  readonly #path: string;
  readonly #events: GrpcCallEvents;
  readonly #decoder: MessageDecoder;
  #stream: ClientStream | undefined;
  #session: ChannelSession | undefined;
  /** What the session had received when the call began on it. */
  #receivedBefore: number | undefined;
  /** Messages written before there is a stream. The writer was told to wait after the first. */
  #queued: Uint8Array[] | undefined;
  #timer: NodeJS.Timeout | undefined;
  #expiresAt = Number.POSITIVE_INFINITY;
  #demand: number;
  /** Received bytes whose flow-control window was not returned yet. */
  #unconsumed = 0;
  #delivering = false;
  #halfClosed = false;
  /** The status that the peer sent; reported after the last message. */
  #received: CallStatus | undefined;
  #over = false;

  constructor(context: CallContext, path: string, options: GrpcCallOptions, events: GrpcCallEvents) {
    this.options = options;
    this.#context = context;
    this.#path = path;
    this.#events = events;
    this.#demand = options.demand ?? Number.POSITIVE_INFINITY;
    this.#decoder = new MessageDecoder(this.#maxReceiveMessageBytes);
    if (options.timeoutMs !== undefined) this.#startTimer(options.timeoutMs);
  }

  /** Opens the stream and sends what is queued. */
  start(session: ChannelSession): void {
    if (this.#over) return;
    const { timeoutMs } = this.options;
    const leftMs = timeoutMs === undefined ? undefined : this.#expiresAt - performance.now();
    try {
      const headers = this.#context.headers.of(this.#path, this.options, leftMs);
      checkHeaderListSize(headers, session.peerMaxHeaderListBytes);
      this.#stream = session.open(headers, this);
      this.#session = session;
      this.#receivedBefore = session.received;
    } catch (cause) {
      return this.failLater(openFailure(cause));
    }
    if (this.#queued !== undefined || this.#halfClosed) this.#flush(this.#stream);
  }

  write(framed: Uint8Array): boolean {
    if (this.#over || this.#halfClosed || !this.#checkSize(framed)) return true;
    if (this.#stream !== undefined) return this.#stream.write(framed);
    (this.#queued ??= []).push(framed);
    return false;
  }

  end(framed?: Uint8Array): void {
    if (this.#over || this.#halfClosed || (framed !== undefined && !this.#checkSize(framed))) return;
    this.#halfClosed = true;
    if (this.#stream === undefined) {
      if (framed !== undefined) (this.#queued ??= []).push(framed);
    } else if (framed === undefined) this.#stream.end();
    else this.#stream.write(framed, true);
  }

  get #maxReceiveMessageBytes(): number {
    return this.options.maxReceiveMessageBytes ?? this.#context.maxReceiveMessageBytes;
  }

  request(count: number): void {
    this.#demand += count;
    if (!this.#over) this.#deliver();
  }

  cancel(code: number = Status.CANCELLED, detail = 'The caller cancelled the call.'): void {
    this.fail(localStatus(code, detail));
  }

  /** Ends the call with a local status, and sends RST_STREAM. */
  fail(status: CallStatus): void {
    if (this.#over) return;
    this.#stream?.reset(CANCEL);
    this.#finish(status);
  }

  /** The same on the next turn, for a caller that has to return first. */
  failLater(status: CallStatus): void {
    process.nextTick(() => this.fail(status));
  }

  /** The deadline has passed. */
  expire(): void {
    const where = this.#stream === undefined ? ` ${this.#context.describeWait()}` : '';
    const session = this.#receivedBefore === this.#session?.received ? this.#session : undefined;
    this.fail(localStatus(Status.DEADLINE_EXCEEDED, `The call took longer than ${this.options.timeoutMs} ms.${where}`));
    if (session !== undefined) this.#context.onSilent(session);
  }

  onHeaders(headers: HeaderList, endStream: boolean): void {
    if (this.#over) return;
    if (endStream) {
      this.#received = statusFromTrailers(headers) ?? statusFromHttp(headers);
      return this.#deliver();
    }
    const { isGrpc, encoding } = readResponseHead(headers);
    if (!isGrpc) return this.fail(statusFromHttp(headers));
    if (encoding !== undefined) {
      const decompress = decompressor(encoding, this.#maxReceiveMessageBytes);
      this.#decoder.decompressWith(decompress, () => this.#deliver());
    }
    this.#events.onHeaders(headers);
  }

  onData(chunk: Uint8Array, transient: boolean): void {
    if (this.#over) return;
    this.#unconsumed += chunk.length;
    this.#decoder.push(chunk, transient);
    this.#deliver();
  }

  onTrailers(trailers: HeaderList): void {
    this.#received =
      statusFromTrailers(trailers) ?? localStatus(Status.UNKNOWN, 'The peer sent trailers without a grpc-status.');
  }

  onEnd(): void {
    if (this.#over) return;
    this.#received ??= localStatus(Status.INTERNAL, 'The peer ended the stream without a status.');
    this.#deliver();
  }

  onReset(code: number, error?: Error): void {
    if (error !== undefined) this.#lose(error, code === Http2ErrorCode.refusedStream ? 'none' : 'unknown');
    // go-plugin: grpc-go's server resets a call whose deadline has passed; its reset may overtake our timer.
    else if (code === CANCEL && performance.now() >= this.#expiresAt) this.expire();
    else this.#finish(statusFromReset(code));
  }

  onDrain(): void {
    if (!this.#over) this.#events.onDrain();
  }

  #lose(error: Error, delivery: Delivery): void {
    if (this.#over) return;
    const status = lossStatus(error, delivery);
    // A closed channel destroys its sessions with the error that its calls are to end with: the reason is known.
    if (GrpcError.is(error) || !this.#context.onLost(this, status)) return this.#finish(status);
    this.#stream = NO_STREAM;
  }

  #flush(stream: ClientStream): void {
    const queued = this.#queued ?? [];
    this.#queued = undefined;
    const last = this.#halfClosed ? queued.pop() : undefined;
    let room = true;
    for (const framed of queued) room = stream.write(framed);
    if (!this.#halfClosed) {
      if (room) process.nextTick(() => this.onDrain());
    } else if (last === undefined) stream.end();
    else stream.write(last, true);
  }

  #checkSize(framed: Uint8Array): boolean {
    const length = framed.length - PREFIX_BYTES;
    if (length <= this.#context.maxSendMessageBytes) return true;
    const error = tooLong(length, this.#context.maxSendMessageBytes);
    this.#halfClosed = true;
    this.failLater(localStatus(Status.RESOURCE_EXHAUSTED, error.message, error));
    return false;
  }

  /** Hands out messages as far as there is demand, returns flow-control window, and ends the call after the last message. */
  #deliver(): void {
    if (this.#delivering || this.#over) return;
    this.#delivering = true;
    const decoder = this.#decoder;
    while (this.#demand > 0 && !this.#over && this.#advance()) {
      this.#demand--;
      this.#events.onMessage(decoder.bytes, decoder.start, decoder.end);
    }
    decoder.release();
    this.#delivering = false;
    if (this.#over) return;
    this.#returnWindow();
    if (this.#received !== undefined) this.#finishAfterMessages(this.#received);
  }

  #advance(): boolean {
    try {
      return this.#decoder.next();
    } catch (error) {
      this.fail(localStatus(readFailureCode(error), errorMessage(error), error));
      return false;
    }
  }

  /** With demand left, undelivered bytes are part of an incomplete message, whose rest needs the window, or being decompressed. */
  #returnWindow(): void {
    const kept = this.#demand > 0 && !this.#decoder.decompressing ? 0 : this.#decoder.byteLength;
    const bytes = this.#unconsumed - kept;
    if (bytes <= 0) return;
    this.#unconsumed = kept;
    this.#stream?.consume(bytes);
  }

  #finishAfterMessages(status: CallStatus): void {
    const left = this.#decoder.byteLength;
    if (left > 0 && (this.#demand === 0 || this.#decoder.decompressing)) return;
    // The server has answered before the request ended: it reads no more of it.
    if (!this.#halfClosed) this.#stream?.reset(CANCEL);
    const truncated = left > 0 && status.code === Status.OK;
    this.#finish(truncated ? localStatus(Status.INTERNAL, 'The peer ended the stream within a message.') : status);
  }

  #startTimer(timeoutMs: number): void {
    this.#expiresAt = performance.now() + timeoutMs;
    if (timeoutMs <= 0 || timeoutMs > MAX_TIMER_MS) return;
    this.#timer = setTimeout(expire, timeoutMs, this);
    if (this.options.background === true) this.#timer.unref();
  }

  #finish(status: CallStatus): void {
    if (this.#over) return;
    this.#over = true;
    this.#queued = undefined;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#context.onEnd(this);
    this.#events.onStatus(status);
  }
}

function expire(call: StreamCall): void {
  call.expire();
}

/** In place of the stream of a lost connection: takes nothing. */
const NO_STREAM: ClientStream = { write: () => false, end: () => {}, reset: () => {}, consume: () => {} };

function lossStatus(error: Error, delivery: Delivery): CallStatus {
  if (!GrpcError.is(error)) return lostStatus(`The connection was lost: ${error.message}`, error, delivery);
  const { status, detail, cause } = error;
  return status === Status.UNAVAILABLE ? lostStatus(detail, cause, delivery) : localStatus(status, detail, cause);
}

function openFailure(cause: unknown): CallStatus {
  const detail = `The call could not be opened: ${errorMessage(cause)}`;
  if (PluginError.is(cause) && !isOverLimit(cause)) return lostStatus(detail, cause, 'none');
  return localStatus(readFailureCode(cause), detail, cause);
}

function readFailureCode(error: unknown): number {
  return isOverLimit(error) ? Status.RESOURCE_EXHAUSTED : Status.INTERNAL;
}

function isOverLimit(error: unknown): boolean {
  return PluginError.is(error) && error.code === 'ERR_LIMIT_EXCEEDED';
}
