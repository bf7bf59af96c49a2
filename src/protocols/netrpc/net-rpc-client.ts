import type { Observable } from 'rxjs';
import type { PluginError } from '../../errors.js';
import type { GobSchema } from '../../wire/gob/index.js';
import type { NetRpcCodecOptions } from '../../wire/net-rpc.js';

/** The types and the limits of a net/rpc client. */
export interface NetRpcClientOptions extends NetRpcCodecOptions {
  /** Most calls that may wait for their replies; a further one fails at once. @default 65536 */
  readonly maxPendingCalls?: number;
  /** Most bytes of requests that may wait for the connection; a further call fails at once. @default 256 MiB */
  readonly maxQueuedBytes?: number;
  /** How long calls whose connection has ended wait for `close`, which tells the reason. @default 0 ms: they fail at once */
  readonly reasonTimeoutMs?: number;
  /** What the other side is called in `details` of errors. @default it is not named */
  readonly peerName?: string;
  /** Its version, likewise. @default it is unknown */
  readonly peerVersion?: string;
}

/**
 * The client's end of a net/rpc stream: concurrent calls, matched to their replies by sequence number (Go net/rpc client.go).
 *
 * - An error reply of the method is a RemoteError. A reply that does not fit its schema fails that call alone, with ERR_GOB_TYPE (a Go
 *   client would give up the whole stream).
 * - Unsubscribing discards the reply. net/rpc cannot cancel a request: the method runs on.
 * - When the connection ends, every pending call and every later one fails with the reason. Its `details.delivery` says whether the call
 *   can have reached the method.
 */
export interface NetRpcClient extends AsyncDisposable {
  /** Resolves when the connection is closed: with the error that ended it, or undefined after `close`. Never rejects. */
  readonly closed: Promise<PluginError | undefined>;
  /** How many calls wait for their replies. */
  readonly pendingCalls: number;
  /** Whether the connection has ended: every call fails. */
  readonly isOver: boolean;
  /**
   * Calls `serviceMethod`, for instance `Plugin.Greet`. Cold: each subscription is a call of its own, which emits the reply and
   * completes. Errors: RemoteError, ProtocolError, OptionsError for an argument that does not fit, and the error that ended the
   * connection.
   */
  call<Args, Reply>(
    serviceMethod: string,
    args: GobSchema<Args>,
    value: NoInfer<Args>,
    reply: GobSchema<Reply>,
  ): Observable<Reply>;
  /** Fails the pending calls, with `because` if given, and closes the connection. Idempotent; resolves within about a second. */
  close(because?: PluginError): Promise<void>;
}
