import { errorMessage, PluginError } from '../../../errors.js';
import type { HeaderList, Http2Stream, Http2StreamEvents } from '../../../transports/http2/interfaces.js';
import { MAX_TIMER_MS } from '../../../wire/duration.js';
import { decompressor, isKnownEncoding } from '../message/compression.js';
import type { DecodeMessage } from '../message/decode.js';
import { MessageDecoder, PREFIX_BYTES } from '../message/framing.js';
import { type Metadata, status as Status } from '../shared/grpc-js.js';
import { appendMetadata } from '../shared/metadata.js';
import type { CallEnd, ServerCall, ServerCallListener } from './call.js';
import type { Peer } from './peer.js';
import { type RequestHead, requestMetadata } from './request-head.js';
import { RESPONSE_HEADERS } from './response-headers.js';
import { fittingTrailers, headersTooLarge } from './response-limit.js';

/** A method as the server calls it. */
export interface ServerMethod {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** Largest request; undefined for the server's limit. */
  readonly maxReceiveMessageBytes?: number | undefined;
  readonly decode: DecodeMessage;
  /** Encodes a response with its prefix. Throws GrpcError INTERNAL for what is no message of the method. */
  encode(message: unknown): Uint8Array;
  /** Takes a call on and listens to it. */
  start(call: Http2ServerCall): void;
}

/**
 * How many bytes of responses may wait for the connection before `ready` is false; one message may always exceed it. It is small because
 * bytes that wait in the stream are copied once more (messages of 4 KiB: 9 % more with 16 KiB than with 512).
 */
const HIGH_WATER_BYTES = 16 * 1024;
/** What a message costs besides its bytes, so that empty ones count as well. */
const MESSAGE_COST_BYTES = 64;

/** One call on a stream of our HTTP/2: its deadline, its limits, the window of its requests. */
export class Http2ServerCall implements ServerCall, Http2StreamEvents {
  readonly head: RequestHead;
  readonly connection: Peer;
  readonly tellsLoss = true;
  readonly #method: ServerMethod;
  readonly #stream: Http2Stream;
  readonly #headers: HeaderList;
  readonly #decoder: MessageDecoder;
  #metadata: Metadata | undefined;
  #listener: ServerCallListener | undefined;
  #deadline = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #readWanted = false;
  #delivering = false;
  #requestEnded: boolean;
  /** Received bytes whose window was not given back. */
  #unconsumedBytes = 0;
  /** Bytes of responses that wait for the connection. */
  #queuedBytes = 0;
  #headersSent = false;
  #over = false;
  #loss: Error | undefined;

  /** `requestEnded`: the request has headers only. */
  constructor(
    connection: Peer,
    method: ServerMethod,
    stream: Http2Stream,
    head: RequestHead,
    headers: HeaderList,
    requestEnded: boolean,
  ) {
    this.head = head;
    this.connection = connection;
    this.#method = method;
    this.#stream = stream;
    this.#headers = headers;
    this.#requestEnded = requestEnded;
    const limit = method.maxReceiveMessageBytes ?? connection.maxReceiveMessageBytes;
    this.#decoder = new MessageDecoder(limit);
    if (head.encoding !== undefined) this.#decompressFrom(head.encoding, limit);
    if (head.timeoutMs !== undefined) this.#startTimer(head.timeoutMs);
  }

  /** Decoded when it is asked for. */
  get metadata(): Metadata {
    this.#metadata ??= requestMetadata(this.#headers);
    return this.#metadata;
  }

  get deadline(): number {
    return this.#deadline;
  }

  get peer(): string {
    return this.connection.address;
  }

  get over(): boolean {
    return this.#over;
  }

  get loss(): Error | undefined {
    return this.#loss;
  }

  get ready(): boolean {
    return !this.#over && this.#queuedBytes < HIGH_WATER_BYTES;
  }

  get flushed(): boolean {
    return !this.#over && this.#queuedBytes === 0;
  }

  listen(listener: ServerCallListener): void {
    this.#listener = listener;
  }

  startRead(): void {
    if (this.#over) return;
    this.#readWanted = true;
    this.#deliverWanted();
  }

  sendHeaders(metadata: Metadata): void {
    if (this.#over || this.#headersSent) return;
    const custom: string[] = [];
    appendMetadata(custom, metadata);
    const headers = custom.length === 0 ? RESPONSE_HEADERS : [...RESPONSE_HEADERS, ...custom];
    const refused = headersTooLarge(headers, this.#method.path, this.connection);
    if (refused !== undefined) return this.end(refused);
    this.#headersSent = true;
    this.#stream.sendHeaders(headers);
  }

  sendMessage(message: unknown): number {
    const framed = this.#method.encode(message);
    this.sendEncoded(framed);
    return framed.length;
  }

  sendEncoded(framed: Uint8Array): void {
    if (this.#over) return;
    const bytes = framed.length - PREFIX_BYTES;
    const { maxSendMessageBytes } = this.connection;
    if (bytes > maxSendMessageBytes) {
      const details = `Sent message larger than max (${bytes} vs. ${maxSendMessageBytes})`;
      return this.end({ code: Status.RESOURCE_EXHAUSTED, details });
    }
    if (!this.#headersSent) {
      this.#headersSent = true;
      this.#stream.sendHeaders(RESPONSE_HEADERS);
    }
    if (!this.#stream.write(framed)) this.#queuedBytes += framed.length + MESSAGE_COST_BYTES;
  }

  end(status: CallEnd): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    const trailers = fittingTrailers(status, this.#method.path, !this.#headersSent, this.connection);
    if (this.#headersSent) this.#stream.sendTrailers(trailers);
    else this.#stream.sendHeaders(trailers, true);
  }

  onHeaders(): void {}

  onTrailers(): void {}

  onData(chunk: Uint8Array, transient: boolean): void {
    if (this.#over) return;
    this.#unconsumedBytes += chunk.length;
    this.#decoder.push(chunk, transient);
    this.#deliverWanted();
  }

  onEnd(): void {
    this.#requestEnded = true;
    this.#deliverWanted();
  }

  onReset(_code: number, error?: Error): void {
    this.#over = true;
    // An end that the peer has announced is no loss.
    if (!PluginError.is(error) || error.code !== 'ERR_CLOSED') this.#loss = error;
    clearTimeout(this.#timer);
    this.connection.notifyClosed(this);
  }

  onFinish(): void {
    this.connection.notifyClosed(this);
  }

  onDrain(): void {
    this.#queuedBytes = 0;
    this.#notify((listener) => listener.onDrain());
  }

  /** Called by the connection, once. */
  onClose(): PromiseLike<unknown> | undefined {
    this.#over = true;
    return this.#notify((listener) => listener.onClose());
  }

  /** Delivers what `startRead` asked for. While a reader waits for a message, window for the rest of it is given; otherwise the sender waits. */
  #deliverWanted(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    while (this.#readWanted && !this.#over && this.#listener !== undefined && this.#deliver(this.#listener));
    this.#delivering = false;
    const kept = this.#over || (this.#readWanted && !this.#decoder.decompressing) ? 0 : this.#decoder.byteLength;
    if (this.#unconsumedBytes <= kept) return;
    this.#stream.consume(this.#unconsumedBytes - kept);
    this.#unconsumedBytes = kept;
  }

  /** Delivers the next message, or the end of them; false when neither has come yet. */
  #deliver(listener: ServerCallListener): boolean {
    let message: unknown;
    try {
      const decoder = this.#decoder;
      if (!decoder.next()) return this.#requestEnded && !decoder.decompressing && this.#deliverHalfClose(listener);
      message = this.#method.decode(decoder.bytes, decoder.start, decoder.end);
      decoder.release();
    } catch (thrown) {
      this.end(this.#unreadable(thrown));
      return false;
    }
    this.#readWanted = false;
    try {
      listener.onMessage(message);
    } catch (thrown) {
      throwLater(thrown);
    }
    return true;
  }

  #deliverHalfClose(listener: ServerCallListener): boolean {
    if (this.#decoder.byteLength > 0) {
      this.end({ code: Status.INTERNAL, details: 'The request ends in the middle of a message' });
      return false;
    }
    this.#readWanted = false;
    try {
      listener.onHalfClose();
    } catch (thrown) {
      throwLater(thrown);
    }
    return true;
  }

  #notify<T>(call: (listener: ServerCallListener) => T): T | undefined {
    if (this.#listener === undefined) return undefined;
    try {
      return call(this.#listener);
    } catch (thrown) {
      throwLater(thrown);
      return undefined;
    }
  }

  #unreadable(thrown: unknown): CallEnd {
    if (!PluginError.is(thrown)) {
      return { code: Status.INTERNAL, details: `Error deserializing request: ${errorMessage(thrown)}` };
    }
    if (thrown.code === 'ERR_LIMIT_EXCEEDED') return { code: Status.RESOURCE_EXHAUSTED, details: thrown.message };
    const { encoding } = this.head;
    const code = encoding === undefined || isKnownEncoding(encoding) ? Status.INTERNAL : Status.UNIMPLEMENTED;
    return { code, details: thrown.message };
  }

  #decompressFrom(encoding: string, limit: number): void {
    this.#decoder.decompressWith(decompressor(encoding, limit), () => this.#deliverWanted());
  }

  #startTimer(timeoutMs: number): void {
    if (Number.isNaN(timeoutMs)) return;
    this.#deadline = Date.now() + timeoutMs;
    if (timeoutMs > MAX_TIMER_MS) return;
    const expire = () => this.end({ code: Status.DEADLINE_EXCEEDED, details: 'Deadline exceeded' });
    this.#timer = setTimeout(expire, timeoutMs);
  }
}

/** Listeners run user code within the session's turn. Its exceptions are uncaught exceptions, not errors of the connection. */
function throwLater(thrown: unknown): void {
  process.nextTick(() => {
    throw thrown;
  });
}
