import type { Writable } from 'node:stream';
import type { Dialer } from '../transports/transport.js';

/** Field 5 of the handshake line. */
export type ProtocolName = 'grpc' | 'netrpc';

declare const CLIENT: unique symbol;
declare const SERVICE: unique symbol;

/**
 * What a name in a plugin set stands for (go-plugin: Plugin, GRPCPlugin). `Client` is what the host gets by dispensing it,
 * `Service` what the plugin has to implement; both exist for the compiler only. Each protocol adds the property that carries its side.
 */
export interface PluginContract<Client = unknown, Service = unknown> {
  readonly protocols: readonly ProtocolName[];
  readonly [CLIENT]?: Client;
  readonly [SERVICE]?: Service;
}

/** Plugins by name. */
export type PluginSet = Readonly<Record<string, PluginContract>>;

/** The client type that dispensing a contract gives. */
export type ClientOfContract<C> = C extends PluginContract<infer Client, infer _Service> ? Client : never;

/** The service type that implements a contract. */
export type ServiceOfContract<C> = C extends PluginContract<infer _Client, infer Service> ? Service : never;

/** What a host gives to a protocol in order to converse with a plugin. */
export interface ProtocolConnection {
  /** Connects to the plugin's main listener; raw, before any multiplexing or TLS. */
  readonly dialer: Dialer;
  readonly plugins: PluginSet;
  /** Receive the bytes that the plugin's program wrote to its stdout and stderr after the handshake. Borrowed: never ended. */
  readonly syncStdout: Writable;
  readonly syncStderr: Writable;
  /** Aborted when the plugin's process is gone; ends every wait. */
  readonly signal: AbortSignal;
}

/** A running conversation with a plugin, host side. */
export interface ClientProtocol {
  readonly name: ProtocolName;
  /** A new client of the named plugin. Rejects with PluginCallError ERR_UNKNOWN_PLUGIN for a name outside the set. */
  dispense(name: string): Promise<unknown>;
  /** Resolves when the plugin answers that it is well; rejects with PluginCallError ERR_PING, never later than `timeoutMs`. */
  ping(options?: { readonly timeoutMs?: number }): Promise<void>;
  /** Asks the plugin to end itself. Resolves true when it was asked, however it answered; false when it cannot be asked. */
  shutdown(options: { readonly timeoutMs: number }): Promise<boolean>;
  /** Closes the conversation and its connections; calls in flight fail. Idempotent. */
  close(): Promise<void>;
}
