import { setImmediate } from '../../../streams/turns.js';
import { EMPTY_BYTES } from '../../../wire/bytes.js';
import { GrpcError } from '../shared/errors.js';
import { status as Status } from '../shared/grpc-js.js';
import type { CallEnd, ServerCall } from './call.js';

/** What a message costs besides its bytes, so that empty ones count as well. */
const MESSAGE_COST_BYTES = 64;

/**
 * Most bytes that a source which can wait sends without returning to the event loop. A generator that never waits would
 * otherwise fill the window of its stream before a cancellation is read (90 calls/s when callers take one message and cancel).
 */
const TURN_BYTES = 64 * 1024;

/** The method whose responses are written. */
interface ResponsesMethod {
  readonly path: string;
  readonly maxBufferedBytes: number;
  encode(message: unknown): Uint8Array;
}

/** The call's state, as its handler sees it. */
interface ResponsesCall {
  /** False from the answer on, and when there is no caller any more. */
  readonly open: boolean;
  readonly over: boolean;
}

/**
 * Writes the responses of one streaming call at the pace of the connection. `write` is for a producer that can wait, `offer` for an Observable,
 * which cannot: what it emits too fast is queued as bytes, up to `maxBufferedBytes`; over it the call fails. A message is encoded before
 * either returns, so that its owner may change it afterwards.
 */
export class ResponseWriter {
  readonly #call: ServerCall;
  readonly #method: ResponsesMethod;
  readonly #context: ResponsesCall;
  /** Encoded messages that wait for the call to be ready. */
  #queue: Uint8Array[] = [];
  /** Index of the first of them. */
  #next = 0;
  #queuedBytes = 0;
  #end: CallEnd | undefined;
  /** Bytes sent by `write` since the event loop was last returned to. */
  #turnBytes = 0;
  /** Called once, whenever more was sent or may be sent. */
  #waiting: (() => void)[] = [];

  constructor(call: ServerCall, method: ResponsesMethod, context: ResponsesCall) {
    this.#call = call;
    this.#method = method;
    this.#context = context;
  }

  /** Whether a message may be written now. */
  get ready(): boolean {
    return this.#call.ready && this.#turnBytes < TURN_BYTES;
  }

  /** Sends now. False: wait for `onceReady`, or stop when the call is not open any more. Throws GrpcError for what is not a message. */
  write(message: unknown): boolean {
    if (!this.#context.open) return false;
    this.#turnBytes += this.#call.sendMessage(message) + MESSAGE_COST_BYTES;
    if (this.#turnBytes >= TURN_BYTES) setImmediate(() => this.#onTurn());
    return this.ready && this.#context.open;
  }

  /** Calls back once: when a message may be written, or when the call is over. */
  onceReady(listener: () => void): void {
    if (this.ready || this.#context.over) listener();
    else this.#waiting.push(() => this.onceReady(listener));
  }

  /** Sends now or as soon as the call is ready. Throws GrpcError for what is no message, and when too much is queued already. */
  offer(message: unknown): void {
    if (!this.#context.open) return;
    if (this.#isEmpty && this.#call.ready) {
      this.#call.sendMessage(message);
      return;
    }
    const framed = this.#method.encode(message);
    const bytes = framed.length + MESSAGE_COST_BYTES;
    if (this.#queuedBytes + bytes > this.#method.maxBufferedBytes && !this.#isEmpty) throw this.#overflow();
    this.#queue.push(framed);
    this.#queuedBytes += bytes;
  }

  /** Ends the call after everything that is queued. */
  end(status: CallEnd): void {
    if (this.#isEmpty) this.#call.end(status);
    else this.#end = status;
  }

  /** Resolves when everything was handed to the connection, or the call is over. */
  async flushed(): Promise<void> {
    while (!this.#context.over && !(this.#isEmpty && this.#call.flushed))
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  onDrain(): void {
    while (!this.#isEmpty && this.#call.ready) this.#call.sendEncoded(this.#shift());
    if (this.#isEmpty && this.#end !== undefined) this.#call.end(this.#end);
    this.#notify();
  }

  onClose(): void {
    this.#drop();
    this.#notify();
  }

  #onTurn(): void {
    this.#turnBytes = 0;
    this.#notify();
  }

  get #isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  #shift(): Uint8Array {
    const framed = this.#queue[this.#next]!;
    this.#queue[this.#next] = EMPTY_BYTES;
    this.#next += 1;
    this.#queuedBytes -= framed.length + MESSAGE_COST_BYTES;
    if (this.#next === this.#queue.length) this.#drop();
    return framed;
  }

  #drop(): void {
    this.#queue = [];
    this.#next = 0;
    this.#queuedBytes = 0;
  }

  #notify(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const listener of waiting) listener();
  }

  #overflow(): GrpcError {
    this.#drop();
    return new GrpcError(
      Status.RESOURCE_EXHAUSTED,
      `The caller of ${this.#method.path} reads more slowly than the handler emits, and more than ${this.#method.maxBufferedBytes} ` +
        'bytes wait. Return an AsyncIterable or a Readable, which are pulled at the pace of the caller, or raise maxBufferedBytes.',
    );
  }
}
