import type { Observable } from 'rxjs';
import type { HeaderList } from '../../../transports/http2/interfaces.js';
import type { Metadata } from '../shared/grpc-js.js';
import type { CallStatus } from '../shared/status.js';

/**
 * The state of a channel. `idle` connects with the next call. After a failed attempt (`transient-failure`) it waits for the backoff, fails
 * calls that do not `waitForReady`, and then connects again if a call waits, or becomes idle.
 */
export type ChannelState =
  | { readonly status: 'idle' | 'connecting' | 'ready' | 'shutdown' }
  | { readonly status: 'transient-failure'; readonly error: Error };

/**
 * A gRPC channel over the connections of a dialer. Nothing happens before the first call or `connect`. Calls made while it connects wait;
 * one connection carries them all, and a new one is made when it is lost. Only open calls keep the process alive.
 */
export interface GrpcChannel extends AsyncDisposable {
  readonly state: ChannelState;
  /** States as they change; replays the latest; completes after `shutdown`; never errors. */
  readonly state$: Observable<ChannelState>;
  /** The `:authority` of calls that name none. */
  readonly authority: string;
  /** What the peer is called in the errors of calls. */
  readonly peerName?: string | undefined;
  /** Its version, likewise. */
  readonly peerVersion?: string | undefined;
  readonly maxReceiveMessageBytes: number;
  readonly maxSendMessageBytes: number;
  /**
   * Makes a call. It ends with UNAVAILABLE when the connection cannot be made or breaks, and as `close` says when the channel is closed,
   * or is closed within `reasonTimeoutMs` of the loss of a connection.
   * `path` is `/package.Service/Method`.
   */
  call(path: string, options: GrpcCallOptions, events: GrpcCallEvents): GrpcCall;
  /** Connects now, without waiting for a call or for the end of a backoff. Rejects with the error of this attempt. */
  connect(): Promise<void>;
  /**
   * Ends every call and destroys the connections. Resolves when they are closed. Idempotent. Calls, also later ones, end with
   * CANCELLED, or with UNAVAILABLE when the channel is closed because of an error other than ERR_CLOSED: then the peer is gone.
   */
  close(because?: Error): Promise<void>;
  /** Open calls keep the process alive, except those made with `background`. This is the initial setting. */
  ref(): void;
  /** Only a connection attempt and the deadlines of calls keep the process alive; both are bounded. */
  unref(): void;
}

/** What a call is given besides its path and its messages. */
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
  /** Largest response, in bytes. @default the channel's */
  readonly maxReceiveMessageBytes?: number | undefined;
  /** Whether a call that loses its connection waits for the reason, `reasonTimeoutMs` at most. @default true */
  readonly awaitsReason?: boolean | undefined;
  /** How many messages may be delivered before `request` asks for more. @default Infinity */
  readonly demand?: number | undefined;
}

/**
 * Receives the events of a call. None comes before the function that made the call has returned; the methods must not throw. A call ends
 * with `onStatus`, once.
 */
export interface GrpcCallEvents {
  /** Whether the method is declared idempotent and has a single request: a channel may make the call again when it was interrupted. */
  readonly idempotent?: boolean;
  /** The response headers. Not called for a response that consists of its status alone. */
  onHeaders(headers: HeaderList): void;
  /** A complete message: the bytes from `start` to `end` of `bytes`. Read-only: the memory is shared with neighbouring messages. */
  onMessage(bytes: Uint8Array, start: number, end: number): void;
  /** After a `write` that returned false: there is room again. */
  onDrain(): void;
  onStatus(status: CallStatus): void;
}

/** A call on a channel, in framed messages and callbacks. */
export interface GrpcCall {
  /** Queues a message that has its prefix already. False: wait for `onDrain`; it is queued all the same. */
  write(framed: Uint8Array): boolean;
  /** Queues the last message, or none, and half-closes. */
  end(framed?: Uint8Array): void;
  /** Asks for this many more messages. Bytes beyond the demand stay in the peer's window: that is the backpressure. */
  request(count: number): void;
  /** Ends the call with a local status, which `onStatus` gets before this returns. Without effect on a call that has ended. */
  cancel(code?: number, detail?: string): void;
}
