import { errorMessage, PluginError } from '../../../errors.js';
import type {
  HeaderList,
  Http2ClientSession,
  Http2Stream,
  Http2StreamEvents,
} from '../../../transports/http2/engine.js';
import { MAX_TIMER_MS } from '../../../wire/duration.js';
import { Http2ErrorCode } from '../../../wire/http2/frames.js';
import { decompressor } from '../message/compression.js';
import { MessageDecoder, PREFIX_BYTES, tooLong } from '../message/framing.js';
import { status as Status } from '../shared/grpc-js.js';
import { headerOf } from '../shared/metadata.js';
import { type CallStatus, localStatus, statusFromHttp, statusFromReset, statusFromTrailers } from '../shared/status.js';
import type { GrpcCallEvents, GrpcCallOptions } from './call.js';
import type { CallHost, EngineCall } from './channel-engine.js';

const CANCEL = Http2ErrorCode.cancel;

/** One object per call: the call, the receiver of its stream's events, and its queue while there is no connection. */
export class ChannelCall implements EngineCall<Http2ClientSession>, Http2StreamEvents {
  /** Among the open calls of its channel. */
  place = -1;
  readonly options: GrpcCallOptions;
  readonly #host: CallHost<ChannelCall>;
  readonly #path: string;
  readonly #events: GrpcCallEvents;
  readonly #decoder: MessageDecoder;
  #stream: Http2Stream | undefined;
  /** Messages written before there is a stream. The writer was told to wait after the first. */
  #queued: Uint8Array[] | undefined;
  #timer: NodeJS.Timeout | undefined;
  #expiresAt = 0;
  #demand: number;
  /** Received bytes whose window was not given back. */
  #owed = 0;
  #delivering = false;
  #ended = false;
  #final: CallStatus | undefined;
  #over = false;

  constructor(host: CallHost<ChannelCall>, path: string, options: GrpcCallOptions, events: GrpcCallEvents) {
    this.options = options;
    this.#host = host;
    this.#path = path;
    this.#events = events;
    this.#demand = options.demand ?? Number.POSITIVE_INFINITY;
    this.#decoder = new MessageDecoder(host.maxReceiveMessageBytes);
    if (options.timeoutMs !== undefined) this.#startTimer(options.timeoutMs);
  }

  /** Puts the call on its way. */
  attach(session: Http2ClientSession): void {
    if (this.#over) return;
    const { timeoutMs } = this.options;
    const left = timeoutMs === undefined ? undefined : this.#expiresAt - performance.now();
    try {
      this.#stream = session.open(this.#host.headersOf(this.#path, this.options, left), this);
    } catch (cause) {
      const code = PluginError.is(cause) && !isOverLimit(cause) ? Status.UNAVAILABLE : codeOf(cause);
      const why = errorMessage(cause);
      this.fail(localStatus(code, `The call could not be opened: ${why}`, cause));
      return;
    }
    if (this.#queued !== undefined || this.#ended) this.#flush(this.#stream);
  }

  write(framed: Uint8Array): boolean {
    if (this.#over || this.#ended || !this.#mayBeSent(framed)) return true;
    if (this.#stream !== undefined) return this.#stream.write(framed);
    (this.#queued ??= []).push(framed);
    return false;
  }

  end(framed?: Uint8Array): void {
    if (this.#over || this.#ended) return;
    if (framed !== undefined && !this.#mayBeSent(framed)) return;
    this.#ended = true;
    if (this.#stream === undefined) {
      if (framed !== undefined) (this.#queued ??= []).push(framed);
    } else if (framed === undefined) this.#stream.end();
    else this.#stream.write(framed, true);
  }

  request(count: number): void {
    this.#demand += count;
    if (!this.#over) this.#deliver();
  }

  cancel(code: number = Status.CANCELLED, detail = 'The caller cancelled the call.'): void {
    this.fail(localStatus(code, detail));
  }

  /** Ends the call from this side: the peer is told by RST_STREAM. */
  fail(status: CallStatus): void {
    if (this.#over) return;
    this.#stream?.reset(CANCEL);
    this.#finish(status);
  }

  onHeaders(headers: HeaderList, endStream: boolean): void {
    if (this.#over) return;
    if (endStream) {
      this.#final = statusFromTrailers(headers) ?? statusFromHttp(headers);
      this.#deliver();
    } else if (headerOf(headers, ':status') !== '200' || !isGrpc(headerOf(headers, 'content-type'))) {
      this.fail(statusFromHttp(headers));
    } else {
      const encoding = headerOf(headers, 'grpc-encoding');
      this.#decoder.decompress = decompressor(encoding, this.#host.maxReceiveMessageBytes);
      this.#events.onHeaders(headers);
    }
  }

  onData(chunk: Uint8Array, lent: boolean): void {
    if (this.#over) return;
    this.#owed += chunk.length;
    this.#decoder.push(chunk, lent);
    this.#deliver();
  }

  onTrailers(trailers: HeaderList): void {
    const none = () => localStatus(Status.UNKNOWN, 'The peer sent trailers without a grpc-status.');
    this.#final = statusFromTrailers(trailers) ?? none();
  }

  onEnd(): void {
    if (this.#over) return;
    this.#final ??= localStatus(Status.INTERNAL, 'The peer ended the stream without a status.');
    this.#deliver();
  }

  onReset(code: number, error?: Error): void {
    // go-plugin: grpc-go's server resets a call whose deadline has passed; its reset may overtake our timer.
    if (error === undefined && code === CANCEL && this.#isExpired()) this.expire();
    else if (error === undefined) this.#finish(statusFromReset(code));
    else this.#finish(localStatus(Status.UNAVAILABLE, `The connection was lost: ${error.message}`, error));
  }

  onDrain(): void {
    if (!this.#over) this.#events.onDrain();
  }

  #flush(stream: Http2Stream): void {
    const queued = this.#queued ?? [];
    this.#queued = undefined;
    const last = this.#ended ? queued.pop() : undefined;
    let room = true;
    for (const framed of queued) room = stream.write(framed);
    if (!this.#ended) {
      if (room) process.nextTick(() => this.onDrain());
    } else if (last === undefined) stream.end();
    else stream.write(last, true);
  }

  #mayBeSent(framed: Uint8Array): boolean {
    const length = framed.length - PREFIX_BYTES;
    if (length <= this.#host.maxSendMessageBytes) return true;
    const error = tooLong(length, this.#host.maxSendMessageBytes);
    // Not at once: who writes does not expect the end of the call inside `write`.
    this.#ended = true;
    process.nextTick(() => this.fail(localStatus(Status.RESOURCE_EXHAUSTED, error.message, error)));
    return false;
  }

  /** Hands out messages as far as they are wanted, gives back window, and ends the call behind the last message. */
  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    const decoder = this.#decoder;
    while (this.#demand > 0 && !this.#over && this.#advance()) {
      this.#demand--;
      this.#events.onMessage(decoder.bytes, decoder.start, decoder.end);
    }
    decoder.release();
    this.#delivering = false;
    if (this.#over) return;
    this.#giveBack();
    if (this.#final !== undefined) this.#endBehind(this.#final);
  }

  #advance(): boolean {
    try {
      return this.#decoder.next();
    } catch (error) {
      this.fail(localStatus(codeOf(error), errorMessage(error), error));
      return false;
    }
  }

  /** What lies there although more is wanted is the beginning of a message: the rest needs the window. */
  #giveBack(): void {
    const kept = this.#demand > 0 ? 0 : this.#decoder.byteLength;
    const bytes = this.#owed - kept;
    if (bytes <= 0) return;
    this.#owed = kept;
    this.#stream?.consume(bytes);
  }

  #endBehind(final: CallStatus): void {
    const left = this.#decoder.byteLength;
    if (left > 0 && this.#demand === 0) return;
    // Half a request may still be under way, for which the server has no use.
    if (!this.#ended) this.#stream?.reset(CANCEL);
    const truncated = left > 0 && final.code === Status.OK;
    this.#finish(truncated ? localStatus(Status.INTERNAL, 'The peer ended the stream within a message.') : final);
  }

  #startTimer(timeoutMs: number): void {
    this.#expiresAt = performance.now() + timeoutMs;
    if (timeoutMs <= 0 || timeoutMs > MAX_TIMER_MS) return;
    this.#timer = setTimeout(expire, timeoutMs, this);
    if (this.options.background === true) this.#timer.unref();
  }

  #isExpired(): boolean {
    return this.options.timeoutMs !== undefined && performance.now() >= this.#expiresAt;
  }

  /** The deadline has passed. */
  expire(): void {
    const where = this.#stream === undefined ? ` ${this.#host.describeWait()}` : '';
    this.fail(localStatus(Status.DEADLINE_EXCEEDED, `The call took longer than ${this.options.timeoutMs} ms.${where}`));
  }

  #finish(status: CallStatus): void {
    if (this.#over) return;
    this.#over = true;
    this.#queued = undefined;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#host.onOver(this);
    this.#events.onStatus(status);
  }
}

function expire(call: ChannelCall): void {
  call.expire();
}

function isGrpc(contentType: string | undefined): boolean {
  return contentType?.startsWith('application/grpc') === true;
}

function codeOf(error: unknown): number {
  return isOverLimit(error) ? Status.RESOURCE_EXHAUSTED : Status.INTERNAL;
}

function isOverLimit(error: unknown): boolean {
  return PluginError.is(error) && error.code === 'ERR_LIMIT_EXCEEDED';
}
