import { EventEmitter } from 'node:events';
import type { handleUnaryCall, ServerUnaryCall } from '@grpc/grpc-js';
import { toStatusObject } from '../shared/errors.js';
import { type Metadata, status as Status } from '../shared/grpc-js.js';
import type { InterceptedCall } from './intercepted-call.js';
import type { NativeCall } from './native-call.js';
import type { NativeMethod } from './native-method.js';
import { handlerStatus, okStatus } from './native-status.js';

type Respond = Parameters<handleUnaryCall<unknown, unknown>>[1];

/** A unary call as grpc-js shows it to handlers, and the listener that runs the handler: one object for each call. */
export class NativeUnaryCall extends EventEmitter implements ServerUnaryCall<unknown, unknown> {
  cancelled = false;
  request: unknown = undefined;
  readonly #method: NativeMethod;
  readonly #native: NativeCall;
  /** The call with the interceptors around it. */
  readonly #call: InterceptedCall;
  #metadata: Metadata | undefined;
  #requests = 0;

  constructor(method: NativeMethod, native: NativeCall, call: InterceptedCall) {
    super();
    this.#method = method;
    this.#native = native;
    this.#call = call;
  }

  get metadata(): Metadata {
    return this.#metadata ?? this.#native.metadata;
  }

  getPeer(): string {
    return this.#call.getPeer();
  }

  sendMetadata(metadata: Metadata): void {
    this.#call.sendMetadata(metadata);
  }

  getDeadline(): ReturnType<InterceptedCall['getDeadline']> {
    return this.#call.getDeadline();
  }

  getPath(): string {
    return this.#method.path;
  }

  getHost(): string {
    return this.#call.getHost();
  }

  getAuthContext(): ReturnType<InterceptedCall['getAuthContext']> {
    return this.#call.getAuthContext();
  }

  getMetricsRecorder(): ReturnType<InterceptedCall['getMetricsRecorder']> {
    return this.#call.getMetricsRecorder();
  }

  /** Interceptors have seen the metadata, and may have changed it. */
  onReceiveMetadata(metadata: Metadata): void {
    this.#metadata = metadata;
    this.#call.startRead();
  }

  onReceiveMessage(message: unknown): void {
    this.#requests += 1;
    if (this.#requests > 1) {
      const details = `Received a second request message for unary method ${this.#method.path}`;
      this.#call.sendStatus({ code: Status.UNIMPLEMENTED, details });
      return;
    }
    this.request = message;
    this.#call.startRead();
  }

  onReceiveHalfClose(): void {
    if (this.#requests === 0) {
      const details = `Received no request message for unary method ${this.#method.path}`;
      this.#call.sendStatus({ code: Status.UNIMPLEMENTED, details });
      return;
    }
    try {
      (this.#method.handler as handleUnaryCall<unknown, unknown>)(this, this.#respond);
    } catch (thrown) {
      this.#call.sendStatus(toStatusObject(thrown));
    }
  }

  onCancel(): void {
    this.cancelled = true;
    this.emit('cancelled', 'cancelled');
  }

  readonly #respond: Respond = (error, value, trailer) => {
    if (error) this.#call.sendStatus(handlerStatus(error, trailer));
    else this.#call.sendMessage(value, () => this.#call.sendStatus(okStatus(trailer)));
  };
}
