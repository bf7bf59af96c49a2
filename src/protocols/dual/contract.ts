import { OptionsError } from '../../errors.js';
import type {
  ClientOfContract,
  Implementing,
  PluginContract,
  PluginImplementation,
  ProtocolName,
  ServiceContext,
  ServiceFactory,
} from '../contract.js';
import { type GrpcPlugin, type GrpcServiceContext, type GrpcSides, grpcPlugin, grpcSidesOf } from '../grpc/contract.js';
import {
  contractWithSides,
  type NetRpcPlugin,
  type NetRpcServiceContext,
  type NetRpcSides,
  netRpcSidesOf,
} from '../netrpc/contract.js';
import { whenReady } from '../when-ready.js';

/** The client of a dual contract: that of the plugin's protocol, told apart by `protocol`. */
export type DualClient<G, N> =
  | { readonly protocol: 'grpc'; readonly client: ClientOfContract<G> }
  | { readonly protocol: 'netrpc'; readonly client: ClientOfContract<N> };

/** The implementation of a dual contract: for each protocol a service, or a function that makes one. Only the served one is used. */
export interface DualService<G, N> {
  readonly grpc: ServiceOrFactory<G>;
  readonly netrpc: ServiceOrFactory<N>;
}

type ServiceOrFactory<C> = Implementing<C> | ServiceFactory<C>;

/** A pair of one thing for each protocol. */
export interface DualSides<G, N> {
  readonly grpc: G;
  readonly netrpc: N;
}

/** A contract for gRPC and net/rpc. */
export interface DualPlugin<G, N, Client = DualClient<G, N>>
  extends DualSides<G, N>,
    PluginContract<Client, DualService<G, N>, GrpcServiceContext | NetRpcServiceContext> {}

/**
 * A contract for both protocols (go-plugin: a type that is both Plugin and GRPCPlugin). The plugin serves one of them; the host uses
 * that one, if `allowedProtocols` has it. `client` makes one interface of either client; without it `dispense` gives
 * `{ protocol, client }`. Throws OptionsError for a contract of the wrong protocol.
 *
 * @example
 * ```ts
 * const kv = dualPlugin({
 *   grpc: grpcPlugin(KVDefinition),
 *   netrpc: netRpcPlugin({ put: method(Put, gob.int) }),
 *   client: ({ protocol, client }): Kv => (protocol === 'grpc' ? new GrpcKv(client) : new NetRpcKv(client)),
 * });
 * ```
 */
export function dualPlugin<G extends GrpcPlugin, N extends NetRpcPlugin, Client>(
  sides: DualSides<G, N> & { readonly client: (dispensed: DualClient<G, N>) => Client },
): DualPlugin<G, N, Client>;
export function dualPlugin<G extends GrpcPlugin, N extends NetRpcPlugin>(sides: DualSides<G, N>): DualPlugin<G, N>;
export function dualPlugin<G extends GrpcPlugin, N extends NetRpcPlugin>(
  sides: DualSides<G, N> & { readonly client?: (dispensed: DualClient<G, N>) => unknown },
): DualPlugin<G, N, unknown> {
  const { client = (dispensed: DualClient<G, N>): unknown => dispensed } = sides;
  const combine = (protocol: ProtocolName, made: unknown): unknown =>
    client({ protocol, client: made } as DualClient<G, N>);
  const { grpc, netrpc } = sides;
  // Each protocol's contract has its sides under a symbol of its own.
  const both: PluginContract = {
    ...grpcSide(grpc, (made) => combine('grpc', made)),
    ...netRpcSide(netrpc, (made) => combine('netrpc', made)),
    protocols: ['grpc', 'netrpc'],
  };
  return { ...(both as PluginContract<unknown, DualService<G, N>, never>), grpc, netrpc };
}

/** One implementation of an implementation for each protocol. Throws OptionsError as `dualPlugin` does. */
export function implementDual(sides: DualSides<PluginImplementation, PluginImplementation>): PluginImplementation {
  const { grpc, netrpc } = sides;
  const contract = dualPlugin({ grpc: grpc.contract as GrpcPlugin, netrpc: netrpc.contract as NetRpcPlugin });
  return { contract, create: () => ({ grpc: grpc.create, netrpc: netrpc.create }) };
}

type Combine = (client: unknown) => unknown;

function grpcSide(contract: GrpcPlugin, combine: Combine): PluginContract {
  const sides = grpcSidesOf(contract) ?? wrongProtocol('grpc', contract);
  const dual: GrpcSides<unknown, UntypedDualService> = {
    client: (context) => whenReady(sides.client(context), combine),
    serve: (server, { grpc }, context) =>
      whenReady(createService(grpc, context), (service) => sides.serve(server, service, context)),
  };
  return grpcPlugin(dual);
}

function netRpcSide(contract: NetRpcPlugin, combine: Combine): PluginContract {
  const sides = netRpcSidesOf(contract) ?? wrongProtocol('netrpc', contract);
  const dual: NetRpcSides<unknown, UntypedDualService> = {
    ...sides,
    client: (context) => combine(sides.client(context)),
    serve: ({ netrpc }, context) =>
      whenReady(createService(netrpc, context), (service) => sides.serve(service, context)),
  };
  return contractWithSides(dual);
}

/** A DualService; `implement` has checked its types. */
type UntypedDualService = Readonly<Record<ProtocolName, unknown>>;

function createService(service: unknown, context: ServiceContext): unknown {
  return typeof service === 'function' ? (service as (context: ServiceContext) => unknown)(context) : service;
}

function wrongProtocol(protocol: ProtocolName, contract: PluginContract): never {
  throw new OptionsError(
    `Expected the \`${protocol}\` side of a dual contract to be a contract for ${protocol}, got one for ${contract.protocols.join(', ')}.`,
  );
}
