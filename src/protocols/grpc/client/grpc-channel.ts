import type { Observable } from 'rxjs';
import type { GrpcCall, GrpcCallEvents, GrpcCallOptions } from './call.js';

/**
 * Where a channel stands. `idle` connects with the next call; after a failed attempt it waits, fails calls that do not
 * `waitForReady`, and then connects again if a call waits, or is idle.
 */
export type ChannelState =
  | { readonly status: 'idle' | 'connecting' | 'ready' | 'shutdown' }
  | { readonly status: 'transient-failure'; readonly error: Error };

/**
 * A gRPC channel over whatever the dialer connects to. Nothing happens before the first call or `connect`. Calls made while it
 * connects wait; one connection carries them all, and a new one is made when it is lost. Only open calls keep the process alive.
 */
export interface GrpcChannel extends AsyncDisposable {
  readonly state: ChannelState;
  /** States as they change; replays the latest; completes after `shutdown`; never errors. */
  readonly state$: Observable<ChannelState>;
  /** The `:authority` of calls that name none. */
  readonly authority: string;
  readonly maxReceiveMessageBytes: number;
  readonly maxSendMessageBytes: number;
  /**
   * Makes a call. It ends with UNAVAILABLE when the connection cannot be made or breaks, and as `close` says when the channel is closed.
   * `path` is `/package.Service/Method`.
   */
  call(path: string, options: GrpcCallOptions, events: GrpcCallEvents): GrpcCall;
  /** Connects now, without waiting for a call or for the end of a backoff. Rejects with the error of this attempt. */
  connect(): Promise<void>;
  /**
   * Ends every call and destroys the connections. Resolves when they are closed. Idempotent. Calls, also later ones, end with
   * CANCELLED, or with UNAVAILABLE when the channel is closed because of an error: then the peer is gone.
   */
  close(because?: Error): Promise<void>;
  /** Open calls keep the process alive, except those made with `background`: this is how a channel begins. */
  ref(): void;
  /** Nothing but an attempt to connect and a call's deadline keeps the process alive, and those are bounded. */
  unref(): void;
}
