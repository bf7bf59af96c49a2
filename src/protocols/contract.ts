import type { ProtocolName } from '../wire/handshake/handshake-line.js';
import type { Logger } from '../wire/logs/logger.js';

export type { ProtocolName };

declare const CLIENT: unique symbol;
declare const SERVICE: unique symbol;
declare const CONTEXT: unique symbol;

/**
 * A contract between host and plugin (go-plugin: Plugin, GRPCPlugin), shared by both ends under a name in a plugin set. `Client` is the
 * type that `dispense` gives, `Service` the type that the plugin implements, `Context` the argument of a function that makes a service;
 * they exist for the compiler only. `grpcPlugin`, `netRpcPlugin` and `dualPlugin` make contracts.
 */
export interface PluginContract<Client = unknown, Service = unknown, Context extends ServiceContext = ServiceContext> {
  /** The protocols that the contract has. */
  readonly protocols: readonly ProtocolName[];
  readonly [CLIENT]?: Client;
  readonly [SERVICE]?: Service;
  readonly [CONTEXT]?: Context;
}

/** Contracts by plugin name. */
export type PluginSet = Readonly<Record<string, PluginContract>>;

/** The client that `dispense` gives for a contract. */
export type ClientOfContract<C> = C extends PluginContract<infer Client, infer _Service> ? Client : never;

/** The service that implements a contract. */
export type ServiceOfContract<C> = C extends PluginContract<infer _Client, infer Service> ? Service : never;

/** Marks the objects of classes that extend `unimplemented(definition)`. */
export const UNIMPLEMENTED: unique symbol = Symbol.for('rxplug.unimplemented');

/** What the objects of a class have that extends `unimplemented(definition)`. The methods themselves are no part of the type: a class could not override them (TS2425). */
export interface Unimplemented {
  readonly [UNIMPLEMENTED]: true;
}

/** A service that may leave methods out: an object of a class that extends `unimplemented(definition)`. */
export type PartialService<Service> = Partial<Service> & Unimplemented;

/** The argument of a function that makes a contract's service. */
export type ContextOfContract<C> =
  C extends PluginContract<infer _Client, infer _Service, infer Context> ? Context : never;

/** The argument of a function that makes a service; each protocol adds to it. */
export interface ServiceContext {
  /** The service's own logger; its module is the plugin's name in the set. */
  readonly logger: Logger;
  /** The protocol that is being served. */
  readonly protocol: ProtocolName;
  /** Aborted when the service is not served any more: serving has ended, or over net/rpc the host has closed the dispensed object. */
  readonly signal: AbortSignal;
}

/** A contract with its implementation. `implement` makes it. */
export interface PluginImplementation {
  readonly contract: PluginContract;
  /** Makes the service, or a Promise of it: once per serving in gRPC, once per dispense in net/rpc. */
  readonly create: (context: ServiceContext) => unknown;
}

/** Implementations by plugin name. */
export type PluginImplementations = Readonly<Record<string, PluginImplementation>>;

/** Makes the service of a contract. */
export type ServiceFactory<C> = (
  context: ContextOfContract<C>,
) => Implementing<C> | Promise<ServiceOfContract<C>> | Promise<PartialService<ServiceOfContract<C>>>;

/** What may implement a contract: a complete service, or one whose class extends `unimplemented(definition)`. */
export type Implementing<C> = ServiceOfContract<C> | PartialService<ServiceOfContract<C>>;

/**
 * Pairs a contract with the service that implements it, or with a function that makes the service or a Promise of it: once per serving
 * in gRPC, once per dispense in net/rpc. A service that does not fit the contract does not compile.
 *
 * @example
 * ```ts
 * const greeter = implement(plugins.greeter, { greet: ({ name }) => ({ greeting: `Hello ${name}!` }) });
 * await serve({ handshake, plugins: { greeter } });
 * ```
 */
export function implement<C extends PluginContract>(
  contract: C,
  service: Implementing<C> | ServiceFactory<C>,
): PluginImplementation {
  const create = typeof service === 'function' ? (service as (context: ServiceContext) => unknown) : () => service;
  return { contract, create };
}
