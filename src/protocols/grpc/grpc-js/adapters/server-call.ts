import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { errorMessage } from '../../../../errors.js';
import type { ServerCallListener } from '../../server/call.js';
import type { Http2ServerCall } from '../../server/http2-call.js';
import { GrpcError, toStatusObject } from '../../shared/errors.js';
import { type Metadata, status as Status } from '../../shared/grpc-js.js';
import { type AuthContext, authContextOf, type ConnectionInfo, connectionInfoOf } from './connection-info.js';

type Listener = Parameters<ServerInterceptingCallInterface['start']>[0];
type Metrics = ReturnType<ServerInterceptingCallInterface['getMetricsRecorder']>;
type PartialStatus = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

/** A call of ours as grpc-js's interceptors and handlers take one: the innermost of them, on which the others act. */
export class GrpcJsServerCall implements ServerInterceptingCallInterface, ServerCallListener {
  readonly #call: Http2ServerCall;
  #listener: Listener | undefined;
  #written: (() => void)[] = [];

  constructor(call: Http2ServerCall) {
    this.#call = call;
    call.listen(this);
  }

  get metadata(): Metadata {
    return this.#call.metadata;
  }

  start(listener: Listener): void {
    this.#listener = listener;
    listener.onReceiveMetadata(this.metadata);
  }

  /** `start` for a listener that asks for the metadata by itself, if at all. */
  listen(listener: Listener): void {
    this.#listener = listener;
  }

  startRead(): void {
    this.#call.startRead();
  }

  sendMetadata(metadata: Metadata): void {
    this.#call.sendHeaders(metadata);
  }

  sendMessage(message: unknown, written: () => void): void {
    try {
      this.#call.sendMessage(message);
    } catch (thrown) {
      return this.#call.end(unsendable(thrown));
    }
    if (this.#call.flushed) written();
    else this.#written.push(written);
  }

  sendStatus({ code, details, metadata }: PartialStatus): void {
    this.#call.end({ code: code ?? Status.UNKNOWN, details: details ?? '', metadata: metadata ?? undefined });
  }

  getPeer(): string {
    return this.#call.peer;
  }

  getDeadline(): number {
    return this.#call.deadline;
  }

  getHost(): string {
    return this.#call.head.authority;
  }

  getAuthContext(): AuthContext {
    return authContextOf(this.#call.connection.connection);
  }

  getConnectionInfo(): ConnectionInfo {
    return connectionInfoOf(this.#call.connection.connection);
  }

  getMetricsRecorder(): Metrics {
    return UNRECORDED;
  }

  onMessage(message: unknown): void {
    this.#listener?.onReceiveMessage(message);
  }

  onHalfClose(): void {
    this.#listener?.onReceiveHalfClose();
  }

  onDrain(): void {
    const written = this.#written;
    this.#written = [];
    for (const callback of written) callback();
  }

  /** grpc-js calls the end of every call a cancellation, also after an answer. */
  onClose(): undefined {
    this.#listener?.onCancel();
  }
}

function unsendable(thrown: unknown): { readonly code: number; readonly details: string } {
  if (GrpcError.is(thrown)) return toStatusObject(thrown);
  return { code: Status.INTERNAL, details: `Error serializing response: ${errorMessage(thrown)}` };
}

const ignore = (): void => {};

/** Only a server of grpc-js with that option sends metrics; what a handler records here is dropped. */
const unrecorded: Partial<Metrics> = {
  recordRequestCostMetric: ignore,
  recordUtilizationMetric: ignore,
  recordNamedMetric: ignore,
  recordCPUUtilizationMetric: ignore,
  recordMemoryUtilizationMetric: ignore,
  recordApplicationUtilizationMetric: ignore,
  recordQpsMetric: ignore,
  recordEpsMetric: ignore,
  serialize: () => Buffer.alloc(0),
};

/** grpc-js does not export the class, and its type has a private member. */
const UNRECORDED = unrecorded as Metrics;
