import { OptionsError } from '../../errors.js';
import type {
  ClientOfContract,
  ContextOfContract,
  PluginContract,
  PluginImplementation,
  ProtocolName,
  ServiceContext,
  ServiceOfContract,
} from '../contract.js';
import { type GrpcPlugin, type GrpcServiceContext, type GrpcSides, grpcPlugin, grpcSidesOf } from '../grpc/contract.js';
import {
  type NetRpcPlugin,
  type NetRpcServiceContext,
  type NetRpcSides,
  netRpcPlugin,
  netRpcSidesOf,
} from '../netrpc/contract.js';

/** What a dual contract's client is: that of the protocol which the plugin has chosen, told apart by `protocol`. */
export type DualClient<G, N> =
  | { readonly protocol: 'grpc'; readonly client: ClientOfContract<G> }
  | { readonly protocol: 'netrpc'; readonly client: ClientOfContract<N> };

/** What implements a dual contract: a service for each protocol, or what makes it. Only that of the protocol that is served is used. */
export interface DualService<G, N> {
  readonly grpc: Face<G>;
  readonly netrpc: Face<N>;
}

type Face<C> = ServiceOfContract<C> | ((context: ContextOfContract<C>) => ServiceOfContract<C>);

/** The same plugin in both protocols. */
export interface DualSides<G, N> {
  readonly grpc: G;
  readonly netrpc: N;
}

/** A contract that can be spoken over gRPC and over net/rpc. */
export interface DualPlugin<G, N, Client = DualClient<G, N>>
  extends DualSides<G, N>,
    PluginContract<Client, DualService<G, N>, GrpcServiceContext | NetRpcServiceContext> {}

/**
 * A contract that carries both protocols (go-plugin: a type that is both Plugin and GRPCPlugin). The plugin serves the one that it is
 * told to serve, the host takes what the plugin offers and `allowedProtocols` allow. `client` makes one interface of either client;
 * without it `dispense` gives `{ protocol, client }`. Throws OptionsError for a side of the other protocol.
 */
export function dualPlugin<G extends GrpcPlugin, N extends NetRpcPlugin, Client>(
  sides: DualSides<G, N> & { readonly client: (spoken: DualClient<G, N>) => Client },
): DualPlugin<G, N, Client>;
export function dualPlugin<G extends GrpcPlugin, N extends NetRpcPlugin>(sides: DualSides<G, N>): DualPlugin<G, N>;
export function dualPlugin<G extends GrpcPlugin, N extends NetRpcPlugin>(
  sides: DualSides<G, N> & { readonly client?: (spoken: DualClient<G, N>) => unknown },
): DualPlugin<G, N, unknown> {
  const { client = (spoken: DualClient<G, N>): unknown => spoken } = sides;
  const combine = (protocol: ProtocolName, made: unknown): unknown =>
    client({ protocol, client: made } as DualClient<G, N>);
  const { grpc, netrpc } = sides;
  // Each keeps its sides under a symbol of its own.
  const both: PluginContract = {
    ...overGrpc(grpc, (made) => combine('grpc', made)),
    ...overNetRpc(netrpc, (made) => combine('netrpc', made)),
    protocols: ['grpc', 'netrpc'],
  };
  return { ...(both as PluginContract<unknown, DualService<G, N>, never>), grpc, netrpc };
}

/** One implementation of two, of which the one is used whose protocol is served. Throws OptionsError as `dualPlugin` does. */
export function implementDual(sides: DualSides<PluginImplementation, PluginImplementation>): PluginImplementation {
  const { grpc, netrpc } = sides;
  const contract = dualPlugin({ grpc: grpc.contract as GrpcPlugin, netrpc: netrpc.contract as NetRpcPlugin });
  return { contract, create: () => ({ grpc: grpc.create, netrpc: netrpc.create }) };
}

type Combine = (client: unknown) => unknown;

function overGrpc(contract: GrpcPlugin, combine: Combine): PluginContract {
  const sides = grpcSidesOf(contract) ?? lacking('grpc', contract);
  const dual: GrpcSides<unknown, Faces> = {
    client: (context) => combine(sides.client(context)),
    serve: (server, service, context) => sides.serve(server, faceOf(service.grpc, context), context),
  };
  return grpcPlugin(dual);
}

function overNetRpc(contract: NetRpcPlugin, combine: Combine): PluginContract {
  const sides = netRpcSidesOf(contract) ?? lacking('netrpc', contract);
  const dual: NetRpcSides<unknown, Faces> = {
    ...sides,
    client: (context) => combine(sides.client(context)),
    serve: (service, context) => sides.serve(faceOf(service.netrpc, context), context),
  };
  return netRpcPlugin(dual);
}

/** A DualService whose types were checked where it was paired with its contract. */
type Faces = Readonly<Record<ProtocolName, unknown>>;

function faceOf(face: unknown, context: ServiceContext): unknown {
  return typeof face === 'function' ? (face as (context: ServiceContext) => unknown)(context) : face;
}

function lacking(protocol: ProtocolName, contract: PluginContract): never {
  throw new OptionsError(
    `Expected the \`${protocol}\` side of a dual contract to be spoken over ${protocol}, got one for ${contract.protocols.join(', ')}.`,
  );
}
