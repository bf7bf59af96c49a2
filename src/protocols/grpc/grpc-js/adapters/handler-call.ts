import type { Readable } from 'node:stream';
import type { Deadline, Metadata } from '@grpc/grpc-js';
import { PREFIX_BYTES } from '../../message/framing.js';
import type { CallEnd, ServerCall, ServerCallListener } from '../../server/call.js';
import type { HandlerMethod } from '../../server/handler.js';

/** What every kind of call has that grpc-js gives to handlers. */
export interface Surface {
  readonly metadata: Metadata;
  getPeer(): string;
  getDeadline(): Deadline;
  sendMetadata(metadata: Metadata): void;
  once(event: 'cancelled', listener: () => void): unknown;
}

/** The requests of a call of grpc-js: a stream of them, or the only one. */
export type Requests = { readonly stream: Readable } | { readonly only: unknown };

/** Where the responses of a call of grpc-js go. */
export interface ResponseSink {
  write(message: unknown, written: () => void): void;
  end(status: CallEnd): void;
}

/** As on our own HTTP/2: `ready` is false while more bytes than this wait in grpc-js's stream. */
const HIGH_WATER_BYTES = 16 * 1024;
/** A listener that waits is called once no more than this wait. */
const LOW_WATER_BYTES = 8 * 1024;
/** What a message costs besides its bytes, so that empty ones count as well. */
const MESSAGE_COST_BYTES = 64;

/** A call of grpc-js, as a handler of ours is run on it. */
export class HandlerCall implements ServerCall {
  /** grpc-js says of every end that the call was cancelled. */
  readonly loss = undefined;
  readonly tellsLoss = false;
  readonly #method: HandlerMethod;
  readonly #surface: Surface;
  readonly #requests: Requests;
  readonly #responses: ResponseSink;
  readonly #intercepted: boolean;
  #listener: ServerCallListener | undefined;
  #requestRead = false;
  #readWanted = false;
  #reading = false;
  #requestsEnded = false;
  #queued = 0;
  #queuedBytes = 0;
  #over = false;

  /** `intercepted`: grpc-js gets messages, for its interceptors; otherwise encoded bytes. */
  constructor(
    method: HandlerMethod,
    surface: Surface,
    requests: Requests,
    responses: ResponseSink,
    intercepted: boolean,
  ) {
    this.#method = method;
    this.#surface = surface;
    this.#requests = requests;
    this.#responses = responses;
    this.#intercepted = intercepted;
  }

  get metadata(): Metadata {
    return this.#surface.metadata;
  }

  get deadline(): number {
    return Number(this.#surface.getDeadline());
  }

  get peer(): string {
    return this.#surface.getPeer();
  }

  get over(): boolean {
    return this.#over;
  }

  /** With interceptors one message at a time: they may be asynchronous, and a message is encoded only after them. */
  get ready(): boolean {
    return !this.#over && (this.#intercepted ? this.#queued === 0 : this.#queuedBytes < HIGH_WATER_BYTES);
  }

  get flushed(): boolean {
    return !this.#over && this.#queued === 0;
  }

  /** grpc-js emits `cancelled` at the end of every call, also of one that was answered. */
  listen(listener: ServerCallListener): void {
    this.#listener = listener;
    this.#surface.once('cancelled', () => {
      this.#over = true;
      listener.onClose();
    });
  }

  startRead(): void {
    if (this.#over) return;
    if ('stream' in this.#requests) this.#read(this.#requests.stream);
    else if (this.#requestRead) this.#listener?.onHalfClose();
    else {
      this.#requestRead = true;
      this.#listener?.onMessage(this.#requests.only);
    }
  }

  sendHeaders(metadata: Metadata): void {
    this.#surface.sendMetadata(metadata);
  }

  sendMessage(message: unknown): number {
    if (this.#intercepted) {
      this.#write(this.#method.complete(message), 0);
      return 0;
    }
    const framed = this.#method.encode(message);
    this.sendEncoded(framed);
    return framed.length;
  }

  sendEncoded(framed: Uint8Array): void {
    const bytes = withoutPrefix(framed);
    this.#write(this.#intercepted ? this.#method.definition.responseType.decode(bytes) : bytes, bytes.length);
  }

  end(status: CallEnd): void {
    this.#responses.end(status);
  }

  #read(requests: Readable): void {
    if (!this.#requestRead) {
      this.#requestRead = true;
      requests.on('readable', () => this.#deliverWanted(requests));
      requests.once('end', () => this.#onRequestsEnd());
    }
    this.#readWanted = true;
    if (this.#requestsEnded) this.#deliverHalfClose();
    else this.#deliverWanted(requests);
  }

  #deliverWanted(requests: Readable): void {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#readWanted && !this.#over) {
      const message: unknown = requests.read();
      if (message === null) break;
      this.#readWanted = false;
      this.#listener?.onMessage(message);
    }
    this.#reading = false;
  }

  #onRequestsEnd(): void {
    this.#requestsEnded = true;
    if (this.#readWanted) this.#deliverHalfClose();
  }

  #deliverHalfClose(): void {
    this.#readWanted = false;
    if (!this.#over) this.#listener?.onHalfClose();
  }

  #write(message: unknown, bytes: number): void {
    const cost = bytes + MESSAGE_COST_BYTES;
    this.#queued += 1;
    this.#queuedBytes += cost;
    this.#responses.write(message, () => {
      this.#queued -= 1;
      this.#queuedBytes -= cost;
      if (this.#queuedBytes <= LOW_WATER_BYTES) this.#listener?.onDrain();
    });
  }
}

/** An encoded message as grpc-js wants it. */
export function withoutPrefix(framed: Uint8Array): Buffer {
  return asBuffer(framed.subarray(PREFIX_BYTES));
}

/** A view of the same memory. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
