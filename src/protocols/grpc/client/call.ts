import type { HeaderList } from '../../../transports/http2/engine.js';
import type { Metadata } from '../shared/grpc-js.js';
import type { CallStatus } from '../shared/status.js';

/**
 * What happens on a call. Nothing is called before the function that made the call has returned; nothing may throw. The call ends
 * with `onStatus`, once.
 */
export interface GrpcCallEvents {
  /** The response headers. Not called for a response that consists of its status alone. */
  onHeaders(headers: HeaderList): void;
  /** A complete message: what is from `start` to `end` in `bytes`, whose memory it may share with its neighbours. */
  onMessage(bytes: Uint8Array, start: number, end: number): void;
  /** After a `write` that returned false: there is room again. */
  onDrain(): void;
  onStatus(status: CallStatus): void;
}

/** What one call is given besides its path and its messages. */
export interface GrpcCallOptions {
  /** Sent as request headers. */
  readonly metadata?: Metadata | undefined;
  /** Counted from now; past it the call ends with DEADLINE_EXCEEDED. @default none */
  readonly timeoutMs?: number | undefined;
  /** Waits through failed attempts to connect instead of failing with the first. @default false */
  readonly waitForReady?: boolean | undefined;
  /** The call alone does not keep the process alive. @default false */
  readonly background?: boolean | undefined;
  /** Overrides the channel's. */
  readonly authority?: string | undefined;
  /** How many messages may be delivered before `request` asks for more. @default Infinity */
  readonly demand?: number | undefined;
}

/** One call on a channel: the bare form, in framed messages and callbacks, under the Observables and grpc-js. */
export interface GrpcCall {
  /** Queues a message that has its prefix already. False: wait for `onDrain`; it is queued all the same. */
  write(framed: Uint8Array): boolean;
  /** Queues the last message, or none, and finishes our direction. */
  end(framed?: Uint8Array): void;
  /** Asks for this many more messages. Bytes beyond the demand stay in the peer's window: that is the backpressure. */
  request(count: number): void;
  /** Ends the call with a status of ours, which `onStatus` gets before this returns. Without effect on a call that has ended. */
  cancel(code?: number, detail?: string): void;
}
