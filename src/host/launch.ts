import type { Writable } from 'node:stream';
import type { ClientProtocol } from '../protocols/protocol.js';
import type { AttachedRunner } from '../runners/runner.js';
import type { UnixListenOptions } from '../transports/sockets/unix.js';
import type { Address } from '../wire/handshake/address.js';
import type { Handshake } from '../wire/handshake/parse-handshake.js';
import type { Logger } from '../wire/logs/logger.js';
import type { ResolvedClientOptions } from './options.js';
import type { HostParts } from './parts.js';

/** What a client lends to the launch of its plugin, and is told on the way. */
export interface LaunchContext {
  readonly options: ResolvedClientOptions;
  readonly parts: HostParts;
  readonly logger: Logger;
  readonly syncStdout: Writable;
  readonly syncStderr: Writable;
  /** Aborted, with the error to reject with, when the launch has become pointless: stopped, late, or the plugin is gone. */
  readonly signal: AbortSignal;
  /** Where unix sockets for this plugin go: into a private directory, where sockets are not TCP. */
  readonly sockets: UnixListenOptions;
  /** From here on the runner, and whatever it has started, belongs to the client. */
  onRunner(runner: AttachedRunner): void;
  onLaunched(): void;
  onHandshake(handshake: Handshake): void;
}

/** A plugin that is connected. */
export interface Launched {
  readonly protocol: ClientProtocol;
  /** The application protocol version. */
  readonly protocolVersion: number;
  readonly address: Address;
}

/** How a client comes to its plugin, from nothing to a connection. Rejects with a PluginError. */
export type Launch = (context: LaunchContext) => Promise<Launched>;
