import type { ObservableInput } from 'rxjs';
import { errorMessage } from '../../../errors.js';
import { onAbort } from '../../../streams/on-abort.js';
import type { HeaderList } from '../../../transports/http2/engine.js';
import { errorFromStatus, GrpcError, toGrpcError } from '../shared/errors.js';
import { status as Status } from '../shared/grpc-js.js';
import { metadataFrom } from '../shared/metadata.js';
import type { CallOptions } from '../shared/service-definition.js';
import type { CallStatus } from '../shared/status.js';
import type { GrpcCall, GrpcCallEvents } from './call.js';
import { type ClientMethod, channelOptionsOf } from './client-method.js';
import { feedRequests, type RequestFeed } from './request-feed.js';

/** Takes the responses of a call; an rxjs Subscriber is one. After `error` or `complete` it is closed. */
export interface ResponseSink {
  readonly closed: boolean;
  next(message: unknown): void;
  /** Always a GrpcError. */
  error(error: GrpcError): void;
  complete(): void;
}

/** A call of any kind in messages instead of bytes, from its start to the end that its sink is told. */
export class TypedCall implements GrpcCallEvents {
  readonly #method: ClientMethod;
  readonly #options: CallOptions;
  readonly #sink: ResponseSink;
  #call: GrpcCall | undefined;
  #feed: RequestFeed | undefined;
  #unwatch: (() => void) | undefined;
  /** The only response of a method without a response stream; handed out when the status is known. */
  #response: unknown;
  #responses = 0;

  constructor(method: ClientMethod, options: CallOptions, sink: ResponseSink) {
    this.#method = method;
    this.#options = options;
    this.#sink = sink;
  }

  /** `request` is a message, or for a method with a request stream the stream. `demand` as in GrpcCallOptions. */
  start(request: unknown, demand = Number.POSITIVE_INFINITY): void {
    const { signal } = this.#options;
    if (signal?.aborted === true) return this.#onAbort();
    try {
      const { channel, path, definition } = this.#method;
      const framed = definition.requestStream ? undefined : this.#method.encode(request);
      const call = channel.call(path, channelOptionsOf(this.#options, demand), this);
      this.#call = call;
      if (signal !== undefined) this.#unwatch = onAbort(signal, this.#onAbort);
      if (framed !== undefined) call.end(framed);
      else this.#startFeed(call, request as ObservableInput<unknown>);
    } catch (error) {
      this.#fail(error);
    }
  }

  request(count: number): void {
    this.#call?.request(count);
  }

  /** Cancels, where there is something left to cancel, and lets go of everything. The sink has to call it when it closes. */
  stop(): void {
    this.#unwatch?.();
    this.#feed?.stop();
    this.#call?.cancel();
  }

  onHeaders(headers: HeaderList): void {
    this.#tell(this.#options.onHeaders, headers);
  }

  onMessage(bytes: Uint8Array, start: number, end: number): void {
    if (this.#sink.closed) return;
    try {
      const message = this.#method.decode(bytes, start, end);
      if (this.#method.definition.responseStream) this.#sink.next(message);
      else if (++this.#responses === 1) this.#response = message;
      else this.#call?.cancel(Status.UNIMPLEMENTED, 'The peer sent more than one response.');
    } catch (error) {
      this.#fail(error);
    }
  }

  onDrain(): void {
    this.#feed?.onDrain();
  }

  onStatus(status: CallStatus): void {
    this.#feed?.stop();
    if (this.#sink.closed) return;
    if (status.code !== Status.OK) return this.#sink.error(errorFromStatus(status, this.#method.path));
    const { responseStream } = this.#method.definition;
    if (!responseStream && this.#responses === 0) {
      return this.#fail(
        new GrpcError(Status.UNIMPLEMENTED, 'The peer sent no response.', { method: this.#method.path }),
      );
    }
    this.#tell(this.#options.onTrailers, status.trailers);
    if (!responseStream) this.#sink.next(this.#response);
    this.#sink.complete();
  }

  #startFeed(call: GrpcCall, requests: ObservableInput<unknown>): void {
    this.#feed = feedRequests(requests, call, {
      encode: (input) => this.#encode(input),
      fail: (cause) => this.#onRequestsFailed(cause),
    });
    if (this.#sink.closed) this.#feed.stop();
  }

  #encode(input: unknown): Uint8Array | undefined {
    try {
      return this.#method.encode(input);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #onRequestsFailed(cause: unknown): void {
    const text = `The stream of requests failed: ${errorMessage(cause)}`;
    this.#fail(new GrpcError(Status.CANCELLED, text, { method: this.#method.path, cause }));
  }

  readonly #onAbort = (): void => {
    const cause: unknown = this.#options.signal?.reason;
    this.#fail(new GrpcError(Status.CANCELLED, 'The call was aborted.', { method: this.#method.path, cause }));
  };

  /** The caller's own code may throw: that ends its call, and nothing else. */
  #tell(listener: CallOptions['onHeaders'], headers: HeaderList): void {
    if (listener === undefined || this.#sink.closed) return;
    try {
      listener(metadataFrom(headers));
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (!this.#sink.closed) this.#sink.error(toGrpcError(error, this.#method.path));
  }
}
