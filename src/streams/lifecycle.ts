import type { PluginError } from '../errors.js';
import type { Address } from '../wire/handshake/address.js';
import type { ProtocolName } from '../wire/handshake/handshake-line.js';

/** How a plugin process ended. `code` is null when a signal ended it; both are null when it cannot be known. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Why a plugin is ending or has ended: the first cause, not what followed from it. */
export type StopReason =
  | { readonly kind: 'stopped' }
  /** The process ended and the host had not asked it to. */
  | { readonly kind: 'crashed' }
  /** The connection was lost while the process lived, and no other could be made. The host has killed it, unless it had reattached. */
  | { readonly kind: 'disconnected'; readonly error: PluginError }
  /** It did not come to run: the error is what `start` rejects with. */
  | { readonly kind: 'failed'; readonly error: unknown };

/** How far a start has come: the process is being run, its handshake line is awaited, the connection is being made. */
export type StartPhase = 'launching' | 'handshaking' | 'connecting';

/** What is known of a plugin that is connected. */
export interface RunningPlugin {
  /** The runner's id: a pid in decimal, a container id. */
  readonly id: string;
  readonly protocol: ProtocolName;
  /** The application protocol version that both ends use. */
  readonly protocolVersion: number;
  readonly address: Address;
  /** Set for a plugin that this host has not started, while its connection is lost and another is being made. */
  readonly reconnecting?: true;
  /** Set for a plugin that this host has not started, while its health service says NOT_SERVING. Calls are made all the same. */
  readonly notServing?: true;
  /** Set when the connection was lost and made again, and the plugin's broker, as that of every Go plugin, is closed since. */
  readonly brokerLost?: true;
}

/**
 * Which plugin it is, in each of its states: streams of several plugins can be merged.
 *
 * @inline
 */
export interface PluginIdentity {
  readonly name: string;
  /** The plugin's version, a semantic version, as its manifest says it. Undefined without a manifest: it is unknown. */
  readonly version?: string;
}

/** The state of a plugin. It moves forward only, idle > starting > running > stopping > exited; states and phases may be skipped. */
export type PluginState = PluginIdentity & PluginStatus;

/** @inline */
type PluginStatus =
  | { readonly status: 'idle' }
  | { readonly status: 'starting'; readonly phase: StartPhase }
  | ({ readonly status: 'running' } & RunningPlugin)
  | { readonly status: 'stopping'; readonly reason: StopReason }
  /** Nothing is left of it. `exit` is undefined when no process was ever started. */
  | { readonly status: 'exited'; readonly reason: StopReason; readonly exit: Exit | undefined };
