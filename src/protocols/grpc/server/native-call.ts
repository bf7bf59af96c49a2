import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { errorMessage, PluginError } from '../../../errors.js';
import type { HeaderList, Http2Stream, Http2StreamEvents } from '../../../transports/http2/engine.js';
import { MAX_TIMER_MS } from '../../../wire/duration.js';
import { decompressor, isKnownEncoding } from '../message/compression.js';
import { MessageDecoder } from '../message/framing.js';
import { type Metadata, status as Status } from '../shared/grpc-js.js';
import { appendMetadata } from '../shared/metadata.js';
import type { MethodCodec } from './method-codec.js';
import { type RequestHead, requestMetadata } from './native-request.js';
import { RESPONSE_HEADERS, statusTrailers, UNRECORDED } from './native-response.js';

type Listener = Parameters<ServerInterceptingCallInterface['start']>[0];
type Metrics = ReturnType<ServerInterceptingCallInterface['getMetricsRecorder']>;
type PartialStatus = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

/** What a call needs of the connection on which it came, and of its server. */
export interface CallHost {
  readonly maxReceiveBytes: number;
  readonly maxSendBytes: number;
  readonly peer: string;
  readonly connectionInfo: ReturnType<ServerInterceptingCallInterface['getConnectionInfo']>;
  authContext(): ReturnType<ServerInterceptingCallInterface['getAuthContext']>;
  /** The call is over; its listener wants to be told once the turn is done. */
  onOver(call: NativeCall): void;
}

/** One call on our HTTP/2, in the form in which grpc-js's interceptors and our surfaces take it. Deadline and limits are kept here. */
export class NativeCall implements ServerInterceptingCallInterface, Http2StreamEvents {
  readonly head: RequestHead;
  readonly #host: CallHost;
  readonly #codec: MethodCodec;
  readonly #stream: Http2Stream;
  readonly #headers: HeaderList;
  readonly #decoder: MessageDecoder;
  #metadata: Metadata | undefined;
  #listener: Listener | undefined;
  #deadline = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #wanted = false;
  #pumping = false;
  #requestEnded: boolean;
  /** Received bytes whose window was not given back. */
  #owed = 0;
  #headersSent = false;
  #over = false;
  #written: (() => void)[] | undefined;

  constructor(
    host: CallHost,
    codec: MethodCodec,
    stream: Http2Stream,
    head: RequestHead,
    headers: HeaderList,
    requestEnded: boolean,
  ) {
    this.head = head;
    this.#host = host;
    this.#codec = codec;
    this.#stream = stream;
    this.#headers = headers;
    this.#requestEnded = requestEnded;
    this.#decoder = new MessageDecoder(host.maxReceiveBytes);
    if (head.encoding !== undefined) {
      this.#decoder.decompress = decompressor(head.encoding, host.maxReceiveBytes);
    }
    if (head.timeoutMs !== undefined) this.#startTimer(head.timeoutMs);
  }

  /** The request's metadata, made when somebody wants it. */
  get metadata(): Metadata {
    this.#metadata ??= requestMetadata(this.#headers);
    return this.#metadata;
  }

  /** True once there is nobody left to answer. */
  get over(): boolean {
    return this.#over;
  }

  start(listener: Listener): void {
    if (this.#over) return;
    this.#listener = listener;
    listener.onReceiveMetadata(this.metadata);
  }

  /** `start` for a listener that asks for the metadata by itself, if at all. */
  listen(listener: Listener): void {
    this.#listener = listener;
  }

  startRead(): void {
    if (this.#over) return;
    this.#wanted = true;
    this.#pump();
  }

  sendMetadata(metadata: Metadata): void {
    if (this.#over || this.#headersSent) return;
    this.#headersSent = true;
    const custom: string[] = [];
    appendMetadata(custom, metadata);
    this.#stream.sendHeaders(custom.length === 0 ? RESPONSE_HEADERS : [...RESPONSE_HEADERS, ...custom]);
  }

  sendMessage(message: unknown, written: () => void): void {
    if (this.#over) return;
    const framed = this.#encode(message);
    if (framed === undefined) return;
    if (!this.#headersSent) {
      this.#headersSent = true;
      this.#stream.sendHeaders(RESPONSE_HEADERS);
    }
    if (this.#stream.write(framed)) written();
    else (this.#written ??= []).push(written);
  }

  sendStatus(status: PartialStatus): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    const trailers = statusTrailers(status);
    if (this.#headersSent) this.#stream.sendTrailers(trailers);
    else this.#stream.sendHeaders([...RESPONSE_HEADERS, ...trailers], true);
  }

  /** Answers a `grpc-timeout` that is none. */
  refuseTimeout(): void {
    this.sendStatus({ code: Status.INTERNAL, details: 'Invalid grpc-timeout value' });
  }

  getPeer(): string {
    return this.#host.peer;
  }

  getDeadline(): number {
    return this.#deadline;
  }

  getHost(): string {
    return this.head.authority;
  }

  getAuthContext(): ReturnType<ServerInterceptingCallInterface['getAuthContext']> {
    return this.#host.authContext();
  }

  getConnectionInfo(): ReturnType<ServerInterceptingCallInterface['getConnectionInfo']> {
    return this.#host.connectionInfo;
  }

  getMetricsRecorder(): Metrics {
    return UNRECORDED;
  }

  onHeaders(): void {}

  onTrailers(): void {}

  onData(chunk: Uint8Array, lent: boolean): void {
    if (this.#over) return;
    this.#owed += chunk.length;
    this.#decoder.push(chunk, lent);
    this.#pump();
  }

  onEnd(): void {
    this.#requestEnded = true;
    this.#pump();
  }

  onReset(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#host.onOver(this);
  }

  onFinish(): void {
    this.#host.onOver(this);
  }

  onDrain(): void {
    const written = this.#written;
    this.#written = undefined;
    if (written === undefined) return;
    for (const done of written) {
      try {
        done();
      } catch (thrown) {
        throwLater(thrown);
      }
    }
  }

  /** Tells the listener that the call is over: that is what grpc-js calls a cancellation, also after an answer. */
  tellOver(): void {
    this.#over = true;
    try {
      this.#listener?.onCancel();
    } catch (thrown) {
      throwLater(thrown);
    }
  }

  /** Hands on what was asked for. A reader who waits gets window for whatever is missing; the rest waits at the sender. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#wanted && !this.#over && this.#listener !== undefined && this.#deliver(this.#listener));
    this.#pumping = false;
    const kept = this.#wanted || this.#over ? 0 : this.#decoder.byteLength;
    if (this.#owed <= kept) return;
    this.#stream.consume(this.#owed - kept);
    this.#owed = kept;
  }

  /** Tells the listener what comes next; false when that has not arrived yet. */
  #deliver(listener: Listener): boolean {
    let message: unknown;
    try {
      const decoder = this.#decoder;
      if (!decoder.next()) return this.#requestEnded && this.#deliverEnd(listener);
      message = this.#codec.deserialize(decoder.bytes, decoder.start, decoder.end);
      decoder.release();
    } catch (thrown) {
      this.sendStatus(this.#faultOf(thrown));
      return false;
    }
    this.#wanted = false;
    try {
      listener.onReceiveMessage(message);
    } catch (thrown) {
      throwLater(thrown);
    }
    return true;
  }

  #deliverEnd(listener: Listener): boolean {
    if (this.#decoder.byteLength > 0) {
      this.sendStatus({ code: Status.INTERNAL, details: 'The request ends in the middle of a message' });
      return false;
    }
    this.#wanted = false;
    try {
      listener.onReceiveHalfClose();
    } catch (thrown) {
      throwLater(thrown);
    }
    return true;
  }

  #faultOf(thrown: unknown): PartialStatus {
    if (!PluginError.is(thrown)) {
      return { code: Status.INTERNAL, details: `Error deserializing request: ${errorMessage(thrown)}` };
    }
    if (thrown.code === 'ERR_LIMIT_EXCEEDED') return { code: Status.RESOURCE_EXHAUSTED, details: thrown.message };
    const { encoding } = this.head;
    const code = encoding === undefined || isKnownEncoding(encoding) ? Status.INTERNAL : Status.UNIMPLEMENTED;
    return { code, details: thrown.message };
  }

  #encode(message: unknown): Uint8Array | undefined {
    try {
      const framed = this.#codec.serializeFramed(message);
      if (framed.length - 5 <= this.#host.maxSendBytes) return framed;
      const details = `Sent message larger than max (${framed.length - 5} vs. ${this.#host.maxSendBytes})`;
      this.sendStatus({ code: Status.RESOURCE_EXHAUSTED, details });
    } catch (thrown) {
      this.sendStatus({ code: Status.INTERNAL, details: `Error serializing response: ${errorMessage(thrown)}` });
    }
    return undefined;
  }

  #startTimer(timeoutMs: number): void {
    if (Number.isNaN(timeoutMs)) return;
    this.#deadline = Date.now() + timeoutMs;
    if (timeoutMs > MAX_TIMER_MS) return;
    const late = () => this.sendStatus({ code: Status.DEADLINE_EXCEEDED, details: 'Deadline exceeded' });
    this.#timer = setTimeout(late, timeoutMs);
  }
}

/** A handler's code runs within ours: what it throws is its own affair, and must not look like a fault of the connection. */
function throwLater(thrown: unknown): void {
  process.nextTick(() => {
    throw thrown;
  });
}
