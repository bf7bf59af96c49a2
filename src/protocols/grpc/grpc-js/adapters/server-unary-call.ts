import { EventEmitter } from 'node:events';
import type { handleUnaryCall, ServerInterceptingCallInterface, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import type { Logger } from '../../../../wire/logs/logger.js';
import { logHandlerFailure } from '../../../handler-failure.js';
import { isUnexpected, toStatusObject } from '../../shared/errors.js';
import { type Metadata, status as Status } from '../../shared/grpc-js.js';
import type { GrpcJsServerCall } from './server-call.js';
import { failedStatus, okStatus } from './server-status.js';
import { surfaceOn } from './server-surface.js';

type Call = ServerInterceptingCallInterface;

/** A unary call as grpc-js shows it to handlers, and the listener that runs the handler: one object for each call. */
export class UnarySurface extends surfaceOn(EventEmitter) implements ServerUnaryCall<unknown, unknown> {
  cancelled = false;
  request: unknown = undefined;
  readonly #handler: handleUnaryCall<unknown, unknown>;
  readonly #inner: GrpcJsServerCall;
  /** The call with the interceptors around it. */
  readonly #call: Call;
  readonly #logger: Logger;
  #metadata: Metadata | undefined;
  #requests = 0;

  constructor(
    path: string,
    handler: handleUnaryCall<unknown, unknown>,
    inner: GrpcJsServerCall,
    call: Call,
    logger: Logger,
  ) {
    super(path, call);
    this.#handler = handler;
    this.#inner = inner;
    this.#call = call;
    this.#logger = logger;
  }

  get metadata(): Metadata {
    return this.#metadata ?? this.#inner.metadata;
  }

  /** The metadata as the interceptors have left it. */
  onReceiveMetadata(metadata: Metadata): void {
    this.#metadata = metadata;
    this.#call.startRead();
  }

  onReceiveMessage(message: unknown): void {
    this.#requests += 1;
    if (this.#requests > 1) return this.#refuse('a second request message');
    this.request = message;
    this.#call.startRead();
  }

  onReceiveHalfClose(): void {
    if (this.#requests === 0) return this.#refuse('no request message');
    try {
      this.#handler(this, this.#respond);
    } catch (thrown) {
      if (isUnexpected(thrown)) logHandlerFailure(this.#logger, { method: this.getPath() }, thrown);
      this.#call.sendStatus(toStatusObject(thrown));
    }
  }

  onCancel(): void {
    this.cancelled = true;
    this.emit('cancelled', 'cancelled');
  }

  readonly #respond: sendUnaryData<unknown> = (error, value, trailer) => {
    if (error) this.#call.sendStatus(failedStatus(error, trailer));
    else this.#call.sendMessage(value, () => this.#call.sendStatus(okStatus(trailer)));
  };

  #refuse(what: string): void {
    const details = `Received ${what} for unary method ${this.getPath()}`;
    this.#call.sendStatus({ code: Status.UNIMPLEMENTED, details });
  }
}
