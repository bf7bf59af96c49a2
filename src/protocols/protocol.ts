import type { Readable, Writable } from 'node:stream';
import type { Observable } from 'rxjs';
import type { PluginError } from '../errors.js';
import type { TlsConfig } from '../transports/tls/tls.js';
import type { Dialer, Listener } from '../transports/transport.js';
import type { Address, AddressTranslator } from '../wire/handshake/address.js';
import type { Logger } from '../wire/logs/logger.js';
import type { PluginImplementations, PluginSet, ProtocolName } from './contract.js';

/** How the brokers of an end dial the peer's addresses and listen at their own. */
export interface BrokerNetwork extends AddressTranslator {
  /** A dialer for an address as this end sees it; raw, without TLS. */
  dialerTo(address: Address): Dialer;
  /** A new listener; a unix socket is in this end's socket directory. */
  listen(): Promise<Listener>;
}

/** What a ClientProtocolFactory connects to, and what it is given by the host. */
export interface ClientConnection {
  /** Dials the plugin's main listener; raw, without multiplexing and TLS. */
  readonly dialer: Dialer;
  readonly network: BrokerNetwork;
  /** For the main connection and all brokered ones; undefined for plain text. */
  readonly tls: TlsConfig | undefined;
  /** Whether brokered connections travel inside the main one (gRPC only). */
  readonly multiplex: boolean;
  /**
   * The plugin is reached over a network, which may lose what is sent: deadlines, keep-alive and the time to connect again have other
   * defaults (gRPC only). @default false
   */
  readonly isRemote?: boolean;
  /** The set of the version that was negotiated. */
  readonly plugins: PluginSet;
  /** Receive the bytes that the plugin's program wrote to its stdout and stderr after the handshake. Never ended by the protocol. */
  readonly syncStdout: Writable;
  readonly syncStderr: Writable;
  readonly logger: Logger;
  /** The plugin's name, for the errors of its calls. */
  readonly plugin?: string;
  /** Its version, where its manifest says it. */
  readonly pluginVersion?: string | undefined;
  /** Aborted when the plugin's process has exited: everything that waits for the plugin fails. */
  readonly signal: AbortSignal;
}

/** How long the answer may take, and what is asked. */
export interface PingOptions extends HealthSubject {
  readonly timeoutMs: number;
}

/** What is asked for its health. */
export interface HealthSubject {
  /** gRPC: the service of the health protocol; empty for the server as a whole. @default 'plugin' */
  readonly service?: string;
}

/** A host's connection to a plugin in one protocol. */
export interface ClientProtocol {
  readonly name: ProtocolName;
  /** Opens further connections: a GrpcBroker for gRPC, a MuxBroker for net/rpc. Owned by this object. */
  readonly broker?: unknown;
  /** Whether the connection is up. Hot, replays the latest, completes with `close`. Undefined where that is not known. */
  readonly connected$?: Observable<boolean>;
  /** Emits once, when the connection was lost and made again, and the broker could not be had back. Completes with `close`. */
  readonly brokerLost$?: Observable<void>;
  /**
   * Emits once, when the connection is lost and no other can be made: the plugin cannot be reached any more. Replays; completes with
   * `close`. Undefined where that is not known.
   */
  readonly lost$?: Observable<PluginError>;
  /**
   * A new client of the named plugin. Rejects with PluginCallError ERR_UNKNOWN_PLUGIN for a name outside the set, ERR_PLUGIN_PROTOCOL for
   * a contract without this protocol.
   */
  dispense(name: string): Promise<unknown>;
  /** Resolves when the plugin answers that it is healthy. Rejects with PluginCallError ERR_PING, within `timeoutMs`. */
  ping(options: PingOptions): Promise<void>;
  /**
   * Whether the service says that it takes calls. Cold: watches while it is subscribed to. Emits nothing where that cannot be watched;
   * never errors. Undefined where it is not known.
   */
  watchServing?(options?: HealthSubject): Observable<boolean>;
  /** Asks the plugin to stop. False when it could not be asked or has refused: then its exit need not be waited for. */
  shutdown(options: { readonly timeoutMs: number }): Promise<boolean>;
  /** Closes all connections; running calls fail, with `because` if given. Idempotent. */
  close(because?: Error): Promise<void>;
}

/** Connects to a plugin. Rejects with a TransportError or a SecurityError when it cannot be reached. */
export type ClientProtocolFactory = (connection: ClientConnection) => Promise<ClientProtocol>;

/** What a ServerProtocolFactory serves, and on which listener. */
export interface ServerConnection {
  /** The main listener; raw, without multiplexing and TLS. Owned by the protocol. */
  readonly listener: Listener;
  readonly network: BrokerNetwork;
  readonly tls: TlsConfig | undefined;
  /** Whether brokered connections travel inside the main one (gRPC only). */
  readonly multiplex: boolean;
  readonly implementations: PluginImplementations;
  /** The program's stdout and stderr, to be sent to the host. Reading slowly slows down the program. */
  readonly syncStdout: Readable;
  readonly syncStderr: Readable;
  readonly logger: Logger;
  /** To be called when the host asks the plugin to stop; the host is answered when it resolves. Idempotent, bounded. */
  readonly onShutdown: () => Promise<void>;
  /** Set for a plugin that was not started by its hosts, of which there may be several. */
  readonly shared?: SharedServing;
}

/** How a plugin with several hosts ends. */
export interface SharedServing {
  /** Whether a host may end it for all of them. */
  readonly mayEnd: boolean;
  /** How long health says NOT_SERVING before new calls are refused, in milliseconds. */
  readonly notServingMs: number;
}

/** A plugin that is being served in one protocol. */
export interface ServerProtocol {
  readonly name: ProtocolName;
  /** Resolves when the host has asked the plugin to stop, the listener has failed or the multiplexed session has ended. Never rejects. */
  readonly ended: Promise<void>;
  /** Refuses new calls from now on; resolves when the running ones have finished, however long that takes. Idempotent. */
  drain?(): Promise<void>;
  /** Closes the listener and all connections at once. Idempotent. */
  close(): Promise<void>;
}

/** Starts to serve; resolves when connections are accepted. */
export type ServerProtocolFactory = (connection: ServerConnection) => Promise<ServerProtocol>;
