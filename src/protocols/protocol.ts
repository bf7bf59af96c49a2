import type { Readable, Writable } from 'node:stream';
import type { Observable, Subject } from 'rxjs';
import type { TlsConfig } from '../transports/tls/tls.js';
import type { Dialer, Listener } from '../transports/transport.js';
import type { Address, AddressTranslator } from '../wire/handshake/address.js';
import type { Logger } from '../wire/logs/logger.js';
import type { BrokerRequest } from './broker-request.js';
import type { PluginImplementations, PluginSet, ProtocolName } from './contract.js';

/** How brokers reach further addresses and offer some of their own. */
export interface BrokerNetwork extends AddressTranslator {
  /** A dialer for an address in this end's view; raw, before any TLS. */
  dialerTo(address: Address): Dialer;
  /** A fresh listener of this end's kind, in this end's socket directory. */
  listen(): Promise<Listener>;
}

/** What a host gives to a protocol in order to converse with a plugin. */
export interface ClientConnection {
  /** Connects to the plugin's main listener; raw, before any multiplexing or TLS. */
  readonly dialer: Dialer;
  readonly network: BrokerNetwork;
  /** For the main connection and every brokered one. */
  readonly tls: TlsConfig | undefined;
  /** Whether brokered connections travel inside the main one (gRPC only). */
  readonly multiplex: boolean;
  readonly plugins: PluginSet;
  /** Receive the bytes that the plugin's program wrote to its stdout and stderr after the handshake. Borrowed: never ended. */
  readonly syncStdout: Writable;
  readonly syncStderr: Writable;
  /**
   * Receives what the broker's `requests$` emits, for observers that were there before the connection. Completed when the peer's broker
   * can ask for nothing any more.
   */
  readonly brokerRequests?: Subject<BrokerRequest>;
  readonly logger: Logger;
  /** Aborted when the plugin's process is gone; ends every wait. */
  readonly signal: AbortSignal;
}

/** A running conversation with a plugin, host side. */
export interface ClientProtocol {
  readonly name: ProtocolName;
  /** What opens further connections, for gRPC a GrpcBroker, for net/rpc a MuxBroker. Owned by the conversation. */
  readonly broker?: unknown;
  /** Whether the connection stands. Hot, replays the latest, completes with `close`. Optional: nobody may be able to tell. */
  readonly connected$?: Observable<boolean>;
  /**
   * A new client of the named plugin. Rejects with PluginCallError ERR_UNKNOWN_PLUGIN for a name outside the set, ERR_PLUGIN_PROTOCOL for
   * a contract that is not for this protocol.
   */
  dispense(name: string): Promise<unknown>;
  /** Resolves when the plugin answers that it is well; rejects with PluginCallError ERR_PING, never later than `timeoutMs`. */
  ping(options: { readonly timeoutMs: number }): Promise<void>;
  /** Asks the plugin to end itself. False when there is no end to wait for: it could not be asked, or has refused. */
  shutdown(options: { readonly timeoutMs: number }): Promise<boolean>;
  /** Closes the conversation and its connections; calls in flight fail, with `because` if the plugin is gone. Idempotent. */
  close(because?: Error): Promise<void>;
}

/** Begins a conversation. Rejects when the plugin cannot be reached, with a TransportError or a SecurityError. */
export type ClientProtocolFactory = (connection: ClientConnection) => Promise<ClientProtocol>;

/** What a plugin gives to a protocol in order to be served. */
export interface ServerConnection {
  /** The main listener; raw. Ownership passes to the protocol. */
  readonly listener: Listener;
  readonly network: BrokerNetwork;
  readonly tls: TlsConfig | undefined;
  readonly multiplex: boolean;
  readonly implementations: PluginImplementations;
  /** What the program prints to its stdout and stderr, to be carried to the host. Reading sets the writers' pace. */
  readonly syncStdout: Readable;
  readonly syncStderr: Readable;
  readonly logger: Logger;
  /** Called when the host asks the plugin to end; the answer is given when it resolves. Idempotent, bounded. */
  readonly onShutdown: () => Promise<void>;
}

/** A plugin being served. */
export interface ServerProtocol {
  readonly name: ProtocolName;
  /** Resolves when serving has ended by itself: the listener broke, or a multiplexed session ended. Never rejects. */
  readonly ended: Promise<void>;
  /** From here on new calls are refused; resolves when the running ones have ended, however long they take. Idempotent. */
  drain?(): Promise<void>;
  /** Stops at once: closes the listener, cuts the connections. Idempotent. */
  close(): Promise<void>;
}

/** Begins to serve; resolved when connections are being accepted. */
export type ServerProtocolFactory = (connection: ServerConnection) => Promise<ServerProtocol>;
