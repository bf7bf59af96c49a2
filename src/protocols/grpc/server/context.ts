import type { Logger } from '../../../wire/logs/logger.js';
import { logHandlerFailure } from '../../handler-failure.js';
import type { AnsweredCall } from '../../running-calls.js';
import { foreignCode, GrpcError, isUnexpected } from '../shared/errors.js';
import { Metadata, status as Status } from '../shared/grpc-js.js';
import { type MetadataInput, resolveMetadata } from '../shared/metadata.js';
import type { MessageReadable, StreamCallContext } from '../shared/service-definition.js';
import type { CallEnd, ServerCall, ServerCallListener } from './call.js';
import { HandlerMistake } from './handler-mistake.js';
import { RequestStream } from './requests.js';
import { failedEnd, mergeTrailers, sendable } from './response-status.js';
import { ResponseWriter } from './responses.js';

/** What a call needs of the method that it calls. */
export interface CalledMethod {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly requestStream: boolean;
  /** Most bytes of responses that an Observable may emit ahead of its caller. */
  readonly maxBufferedBytes: number;
  readonly logger: Logger;
  /** Encodes a response with its prefix. Throws GrpcError INTERNAL for what is no message of the method. */
  encode(message: unknown): Uint8Array;
  /** Runs the handler, once its one request or the stream of them is there. */
  run(context: HandlerContext, request: unknown): void;
}

/** One call on its way through a handler of ours: what the handler sees of it, and how it is answered. */
export class HandlerContext implements StreamCallContext<unknown>, ServerCallListener, AnsweredCall {
  /** What the handler does at the moment, as far as it is a Promise. */
  running: PromiseLike<unknown> | undefined;
  whenOver: (() => void) | undefined;
  readonly #call: ServerCall;
  readonly #method: CalledMethod;
  #request: unknown;
  #requestCount = 0;
  #requests: RequestStream | undefined;
  #responses: ResponseWriter | undefined;
  #trailers: Metadata | undefined;
  #teardowns: Set<() => void> | undefined;
  #abort: AbortController | undefined;
  #failure: GrpcError | undefined;
  #answered = false;
  #over = false;

  /** Takes the call on; `start` begins. */
  constructor(call: ServerCall, method: CalledMethod) {
    this.#call = call;
    this.#method = method;
    call.listen(this);
  }

  /** Runs the handler, now or when its one request has come. */
  start(): void {
    if (!this.#method.requestStream) return this.#call.startRead();
    this.#requests = new RequestStream(this.#call, this);
    this.#method.run(this, this.#requests.observable());
  }

  get path(): string {
    return this.#method.path;
  }

  get metadata(): Metadata {
    return this.#call.metadata;
  }

  get trailers(): Metadata {
    this.#trailers ??= new Metadata();
    return this.#trailers;
  }

  get deadline(): Date | undefined {
    const { deadline } = this.#call;
    return Number.isFinite(deadline) ? new Date(deadline) : undefined;
  }

  get peer(): string {
    return this.#call.peer;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#failure !== undefined) this.#abort.abort(this.#failure);
    return this.#abort.signal;
  }

  get ended(): Promise<void> {
    return this.#over ? Promise.resolve() : new Promise((resolve) => this.onceOver(resolve));
  }

  get requests(): MessageReadable<unknown> {
    if (this.#requests === undefined) throw new TypeError(`${this.path} has one request, not a stream of them.`);
    return this.#requests.readable();
  }

  sendHeaders(given: MetadataInput): void {
    const metadata = resolveMetadata('the response headers', given) ?? new Metadata();
    this.#call.sendHeaders(sendable(this.#method, metadata.clone()));
  }

  async flushed(): Promise<void> {
    await this.#responses?.flushed();
  }

  /** Writes the responses of a method that has many. */
  get responses(): ResponseWriter {
    this.#responses ??= new ResponseWriter(this.#call, this.#method, this);
    return this.#responses;
  }

  /** False from the answer on, and when there is no caller any more. */
  get open(): boolean {
    return !this.#answered && !this.#over;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Whether `failure` tells a lost connection, as its cause, from a caller that cancels. */
  get tellsLoss(): boolean {
    return this.#call.tellsLoss;
  }

  /** Why the call ended without an answer; undefined while it runs and after an answer. */
  get failure(): GrpcError | undefined {
    return this.#failure;
  }

  /** Answers a method that has one response. */
  respond(message: unknown): void {
    if (!this.open) return;
    try {
      const metadata = mergeTrailers(this.#method, this.#trailers);
      this.#call.sendMessage(message);
      this.#answered = true;
      this.#call.end({ code: Status.OK, details: 'OK', metadata });
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  /** Ends a call whose responses, if it has any, were sent. */
  complete(): void {
    if (!this.open) return;
    try {
      const metadata = mergeTrailers(this.#method, this.#trailers);
      this.#end({ code: Status.OK, details: 'OK', metadata });
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  /** Ends the call with the status of what was thrown, after the responses that were sent. */
  fail(thrown: unknown): void {
    if (thrown instanceof HandlerMistake) this.#method.logger.error(thrown.detail, { method: this.path });
    else if (isUnexpected(thrown)) this.#logFailure(thrown);
    if (!this.open) return;
    this.#end(failedEnd(this.#method, thrown, this.#trailers));
  }

  /** Runs `teardown` when the call is over, at once when it is. Returns how to take it back: true when it was not too late. */
  onceOver(teardown: () => void): () => boolean {
    if (this.#over) teardown();
    else (this.#teardowns ??= new Set()).add(teardown);
    return () => this.#teardowns?.delete(teardown) === true;
  }

  onMessage(message: unknown): void {
    if (this.#requests !== undefined) return this.#requests.onMessage(message);
    this.#requestCount += 1;
    if (this.#requestCount > 1) return this.#refuse('a second request message');
    this.#request = message;
    this.#call.startRead();
  }

  onHalfClose(): void {
    if (this.#requests !== undefined) this.#requests.onHalfClose();
    else if (this.#requestCount === 0) this.#refuse('no request message');
    else this.#method.run(this, this.#request);
  }

  onDrain(): void {
    this.#responses?.onDrain();
  }

  onClose(): PromiseLike<unknown> | undefined {
    this.#over = true;
    if (!this.#answered) {
      this.#failure = this.#reason();
      this.#abort?.abort(this.#failure);
    }
    this.#responses?.onClose();
    for (const teardown of this.#teardowns ?? []) teardown();
    this.#teardowns = undefined;
    // Last: what the handler returned is unsubscribed by now, and has no use for the error.
    this.#requests?.onClose();
    this.whenOver?.();
    return this.running;
  }

  /** A handler whose caller is gone often fails for that reason. */
  #logFailure(thrown: unknown): void {
    const failure = { method: this.path, code: foreignCode(thrown) };
    logHandlerFailure(this.#method.logger, failure, thrown, this.open ? 'error' : 'debug');
  }

  #refuse(what: string): void {
    const details = `Received ${what} for the method ${this.path}, which takes one`;
    this.#end({ code: Status.UNIMPLEMENTED, details });
  }

  #end(status: CallEnd): void {
    this.#answered = true;
    if (this.#responses === undefined) this.#call.end(status);
    else this.#responses.end(status);
  }

  #reason(): GrpcError {
    const options = { method: this.path };
    const { deadline, loss } = this.#call;
    if (deadline <= Date.now()) {
      return new GrpcError(Status.DEADLINE_EXCEEDED, 'the deadline passed before the call was answered', options);
    }
    if (loss === undefined) return new GrpcError(Status.CANCELLED, 'the caller cancelled the call', options);
    return new GrpcError(Status.CANCELLED, 'the connection to the caller was lost', { ...options, cause: loss });
  }
}
