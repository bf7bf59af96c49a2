import type { ObservableInput } from 'rxjs';
import { errorMessage } from '../../../errors.js';
import { onAbort } from '../../../streams/on-abort.js';
import type { HeaderList } from '../../../transports/http2/interfaces.js';
import { peerDetails } from '../../peer.js';
import type { ServiceMethod } from '../message/service-methods.js';
import { errorFromStatus, GrpcError, toGrpcError } from '../shared/errors.js';
import { status as Status } from '../shared/grpc-js.js';
import { metadataFrom } from '../shared/metadata.js';
import { isIdempotent } from '../shared/method-definition.js';
import type { CallStatus } from '../shared/status.js';
import type { ResolvedCallOptions } from './call-options.js';
import type { GrpcCall, GrpcCallEvents, GrpcChannel } from './channel.js';
import { feedRequests, type RequestFeed } from './request-feed.js';

/** Takes the responses of a call; an rxjs Subscriber is one. After `error` or `complete` it is closed. */
export interface ResponseSink {
  readonly closed: boolean;
  next(message: unknown): void;
  /** Always a GrpcError. */
  error(error: GrpcError): void;
  complete(): void;
}

/** One call of any kind, in messages: encodes requests, decodes responses for a sink, and turns its status into the sink's end. */
export class ClientCall implements GrpcCallEvents {
  readonly #channel: GrpcChannel;
  readonly #method: ServiceMethod;
  readonly #options: ResolvedCallOptions;
  readonly #sink: ResponseSink;
  #call: GrpcCall | undefined;
  #feed: RequestFeed | undefined;
  #stopListening: (() => void) | undefined;
  /** The only response of a method without a response stream; handed out when the status is known. */
  #response: unknown;
  #responses = 0;
  /** What the sink gets is decided: no more messages, and no status. */
  #failed = false;

  constructor(channel: GrpcChannel, method: ServiceMethod, options: ResolvedCallOptions, sink: ResponseSink) {
    this.#channel = channel;
    this.#method = method;
    this.#options = options;
    this.#sink = sink;
  }

  get idempotent(): boolean {
    return isIdempotent(this.#method.definition);
  }

  /** `request` is a message, or for a method with a request stream the stream. `demand` as in GrpcCallOptions. */
  start(request: unknown, demand?: number): void {
    const { signal } = this.#options;
    if (signal?.aborted === true) return this.#onAbort();
    try {
      const { path, definition } = this.#method;
      const framed = definition.requestStream ? undefined : this.#encode(request);
      const call = this.#channel.call(path, demand === undefined ? this.#options : { ...this.#options, demand }, this);
      this.#call = call;
      if (signal !== undefined) this.#stopListening = onAbort(signal, this.#onAbort);
      if (framed !== undefined) call.end(framed);
      else this.#startFeed(call, request as ObservableInput<unknown>);
    } catch (error) {
      this.#fail(error);
    }
  }

  request(count: number): void {
    this.#call?.request(count);
  }

  /** Cancels the call unless it has ended, and stops its source of requests. To be called when the sink closes. */
  unsubscribe(): void {
    this.#stopListening?.();
    this.#feed?.stop();
    this.#call?.cancel();
  }

  onHeaders(headers: HeaderList): void {
    this.#notify(this.#options.onHeaders, headers);
  }

  onMessage(bytes: Uint8Array, start: number, end: number): void {
    if (this.#failed || this.#sink.closed) return;
    let message: unknown;
    try {
      message = this.#method.decodeResponse(bytes, start, end);
    } catch (cause) {
      return this.#fail(
        this.#error(Status.INTERNAL, `The response could not be decoded: ${errorMessage(cause)}`, cause),
      );
    }
    if (this.#method.definition.responseStream) this.#sink.next(message);
    else if (++this.#responses === 1) this.#response = message;
    else this.#call?.cancel(Status.UNIMPLEMENTED, 'The peer sent more than one response.');
  }

  onDrain(): void {
    this.#feed?.onDrain();
  }

  onStatus(status: CallStatus): void {
    this.#feed?.stop();
    if (this.#failed || this.#sink.closed) return;
    if (status.code !== Status.OK) return this.#sink.error(errorFromStatus(status, this.#method.path, this.#channel));
    const { responseStream } = this.#method.definition;
    if (!responseStream && this.#responses === 0) {
      return this.#fail(this.#error(Status.UNIMPLEMENTED, 'The peer sent no response.'));
    }
    this.#notify(this.#options.onTrailers, status.trailers);
    if (!responseStream) this.#sink.next(this.#response);
    this.#sink.complete();
  }

  #startFeed(call: GrpcCall, requests: ObservableInput<unknown>): void {
    this.#feed = feedRequests(requests, call, {
      encode: (input) => this.#encodeOrFail(input),
      fail: (cause) => this.#onRequestsFailed(cause),
    });
    if (this.#failed || this.#sink.closed) this.#feed.stop();
  }

  #encode(input: unknown = {}): Uint8Array {
    try {
      if (typeof input !== 'object' || input === null)
        throw new TypeError(`expected a message, which is an object, got ${input === null ? 'null' : typeof input}.`);
      // The definition's own types say what goes in and out; ClientOf has checked them at the caller's.
      return this.#method.encodeRequest(input);
    } catch (cause) {
      throw this.#error(Status.INTERNAL, `The request could not be encoded: ${errorMessage(cause)}`, cause);
    }
  }

  #encodeOrFail(input: unknown): Uint8Array | undefined {
    try {
      return this.#encode(input);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #onRequestsFailed(cause: unknown): void {
    this.#fail(this.#error(Status.CANCELLED, `The stream of requests failed: ${errorMessage(cause)}`, cause));
  }

  readonly #onAbort = (): void => {
    this.#fail(this.#error(Status.CANCELLED, 'The call was aborted.', this.#options.signal?.reason));
  };

  /** A listener of the caller that throws ends its call, and nothing else. */
  #notify(listener: ResolvedCallOptions['onHeaders'], headers: HeaderList): void {
    if (listener === undefined || this.#sink.closed) return;
    try {
      listener(metadataFrom(headers));
    } catch (error) {
      this.#fail(error);
    }
  }

  #error(code: number, detail: string, cause?: unknown): GrpcError {
    const { path: method } = this.#method;
    return new GrpcError(code, detail, { method, cause, details: peerDetails(this.#channel) });
  }

  /** Ends the call on this side. It is cancelled at once: a sink that is read slowly closes later. */
  #fail(error: unknown): void {
    if (this.#failed || this.#sink.closed) return;
    this.#failed = true;
    this.unsubscribe();
    this.#sink.error(toGrpcError(error, this.#method.path));
  }
}
