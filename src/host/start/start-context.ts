import type { ClientProtocol } from '../../protocols/protocol.js';
import type { AttachedRunner } from '../../runners/runner.js';
import type { StartPhase } from '../../streams/lifecycle.js';
import type { Address } from '../../wire/handshake/address.js';
import type { ResolvedClientOptions } from '../options.js';
import type { HostParts } from '../parts.js';
import type { PluginStreams } from '../plugin-streams.js';
import type { PluginSockets } from './plugin-sockets.js';

/** What a start works with. */
export interface StartContext {
  readonly options: ResolvedClientOptions;
  readonly parts: HostParts;
  /** Publishes the plugin's logs, output, handshake and exit. */
  readonly streams: PluginStreams;
  /** Ends the start with the signal's reason: it was stopped, takes too long, or the plugin has exited. */
  readonly abort: AbortController;
  /** Filled in step by step. The caller releases what is in it, also when the start fails. */
  readonly acquired: Partial<PluginResources>;
  /** Called when the next phase begins. */
  readonly onPhase: (phase: StartPhase) => void;
}

/** What a running plugin holds on this machine, in the order in which a start acquires it. */
export interface PluginResources {
  sockets: PluginSockets;
  runner: AttachedRunner;
  protocol: ClientProtocol;
}

/** What a start returns: a plugin that is connected. */
export interface ConnectedPlugin {
  readonly resources: PluginResources;
  /** The application protocol version that both ends use. */
  readonly protocolVersion: number;
  readonly address: Address;
}
