import type { ProtocolName } from '../wire/handshake/handshake-line.js';
import type { Logger } from '../wire/logs/logger.js';

export type { ProtocolName };

declare const CLIENT: unique symbol;
declare const SERVICE: unique symbol;
declare const CONTEXT: unique symbol;

/**
 * What a name in a plugin set stands for (go-plugin: Plugin, GRPCPlugin), shared by both ends. `Client` is what the host gets by
 * dispensing it, `Service` what the plugin implements, `Context` what a service is made with; they exist for the compiler only. Each
 * protocol's contract adds its own side.
 */
export interface PluginContract<Client = unknown, Service = unknown, Context extends ServiceContext = ServiceContext> {
  /** The protocols in which the contract can be spoken. */
  readonly protocols: readonly ProtocolName[];
  readonly [CLIENT]?: Client;
  readonly [SERVICE]?: Service;
  readonly [CONTEXT]?: Context;
}

/** Contracts by plugin name. */
export type PluginSet = Readonly<Record<string, PluginContract>>;

/** The client type that dispensing a contract gives. */
export type ClientOfContract<C> = C extends PluginContract<infer Client, infer _Service> ? Client : never;

/** The service type that implements a contract. */
export type ServiceOfContract<C> = C extends PluginContract<infer _Client, infer Service> ? Service : never;

/** What the services of a contract are made with. */
export type ContextOfContract<C> =
  C extends PluginContract<infer _Client, infer _Service, infer Context> ? Context : never;

/** What every service is made with; a protocol adds to it. */
export interface ServiceContext {
  readonly logger: Logger;
  /** What is spoken with the host. */
  readonly protocol: ProtocolName;
}

/** A contract with what implements it: a ready object, or a function that makes one. */
export interface PluginImplementation {
  readonly contract: PluginContract;
  readonly create: (context: ServiceContext) => unknown;
}

/** Implementations by plugin name. */
export type PluginImplementations = Readonly<Record<string, PluginImplementation>>;

/**
 * Pairs a contract with its implementation; a service that does not fit the contract does not compile. A function is called when
 * the service is needed: once per serving in gRPC, once per dispense in net/rpc.
 */
export function implement<C extends PluginContract>(
  contract: C,
  service: ServiceOfContract<C> | ((context: ContextOfContract<C>) => ServiceOfContract<C>),
): PluginImplementation {
  const create = typeof service === 'function' ? (service as (context: ServiceContext) => unknown) : () => service;
  return { contract, create };
}
