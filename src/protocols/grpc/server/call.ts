import type { Metadata } from '../shared/grpc-js.js';

/** The status and trailing metadata with which a call ends. */
export interface CallEnd {
  /** gRPC status code, 0 to 16. */
  readonly code: number;
  /** Sent as `grpc-message`; not for OK. */
  readonly details: string;
  readonly metadata?: Metadata | undefined;
}

/** What happens on a call. Called on the connection's turn. */
export interface ServerCallListener {
  /** The request message that `startRead` asked for. */
  onMessage(message: unknown): void;
  /** Answers `startRead` when the caller has sent its last message. */
  onHalfClose(): void;
  /** Responses have been handed to the connection: `ready` and `flushed` may have become true. */
  onDrain(): void;
  /**
   * The call is over: its end was handed to the connection, or the caller is gone. Called once, last. Returns what the handler still does,
   * where that is known: it counts for `maxConcurrentStreams` until it has settled.
   */
  onClose(): PromiseLike<unknown> | undefined;
}

/**
 * One call, as a handler is run on it: a call on our HTTP/2, or one of grpc-js's behind an adapter (`grpc-js/adapters`). Calling it after
 * its end has no effect.
 */
export interface ServerCall {
  /** The request headers. */
  readonly metadata: Metadata;
  /** The caller's deadline, in milliseconds since the epoch; Infinity without one. */
  readonly deadline: number;
  /** The caller's address; `unknown` where the transport has none. */
  readonly peer: string;
  /** Nothing is sent or delivered any more. `onClose` follows, if it has not been called. */
  readonly over: boolean;
  /** The connection was lost, and the call with it; undefined where its caller has ended it, and where that is not known. */
  readonly loss: Error | undefined;
  /** Whether `loss` is known. */
  readonly tellsLoss: boolean;
  /** Whether responses may be sent without waiting for `onDrain`; false after the end. A response that is sent all the same is queued. */
  readonly ready: boolean;
  /** Whether every response was handed to the connection; false after the end. */
  readonly flushed: boolean;
  listen(listener: ServerCallListener): void;
  /** Asks for one request message: `onMessage` or `onHalfClose` follows, at once where it has come already. */
  startRead(): void;
  sendHeaders(metadata: Metadata): void;
  /**
   * Sends a response and returns its size in bytes; 0 where it is encoded later, behind interceptors. Throws GrpcError INTERNAL for what is
   * not a message of the method.
   */
  sendMessage(message: unknown): number;
  /** The same for a response that `HandlerMethod.encode` has encoded. The bytes belong to the call. */
  sendEncoded(framed: Uint8Array): void;
  /** Ends the call, after the responses that were sent. */
  end(status: CallEnd): void;
}
