import type { PluginContract, ServiceContext } from '../contract.js';
import type { GrpcBroker } from './broker/grpc-broker.js';
import type { GrpcChannel } from './client/channel.js';
import { createGrpcClient, type GrpcClientOptions } from './client/client.js';
import type { GrpcServer } from './server/grpc-server.js';
import type { ClientOf, ServiceDefinition, ServiceOf } from './shared/service-definition.js';
import { validateDefinition } from './shared/validate-definition.js';

const GRPC = Symbol.for('rxplug.grpc');

/** What the host's side of a contract is given. */
export interface GrpcClientContext {
  /** The main connection to the plugin. Do not close it: it belongs to the host. */
  readonly channel: GrpcChannel;
  /** Opens further connections, in both directions. Do not close it. */
  readonly broker: GrpcBroker;
  /** Interceptors and call defaults of the host's options, for `createGrpcClient`. */
  readonly clientOptions: GrpcClientOptions;
  /** Aborted when the plugin is gone (go-plugin: the context given to GRPCClient). */
  readonly signal: AbortSignal;
}

/** What the plugin's side of a contract is given. */
export interface GrpcServiceContext extends ServiceContext {
  readonly protocol: 'grpc';
  /** Opens further connections, in both directions. Do not close it. */
  readonly broker: GrpcBroker;
}

/** Whether the service is created to be served over gRPC. */
export function isGrpcServiceContext(context: ServiceContext): context is GrpcServiceContext {
  return context.protocol === 'grpc';
}

/** Both sides of a gRPC contract (go-plugin GRPCPlugin: GRPCClient and GRPCServer). */
export interface GrpcSides<Client, Service> {
  /** Host: the client that `dispense` gives. */
  client(context: GrpcClientContext): Client;
  /** In the plugin: adds the service to the server, before it accepts connections; it waits for a Promise. */
  serve(server: GrpcServer, service: Service, context: GrpcServiceContext): void | Promise<void>;
}

/** A contract for gRPC. */
export interface GrpcPlugin<Client = unknown, Service = unknown>
  extends PluginContract<Client, Service, GrpcServiceContext> {
  readonly [GRPC]: GrpcSides<Client, Service>;
}

/** Options of a contract that is made from a service definition. */
export interface GrpcPluginView<Client, View> {
  /** Makes what `dispense` gives of the typed client: `promiseClient`, or a function of your own. @default the typed client itself */
  readonly view: (client: Client) => View;
}

/**
 * A contract from a service definition, or from two functions that make its sides.
 *
 * @example
 * const plugins = {
 *   greeter: grpcPlugin(GreeterDefinition),
 *   // `dispense` gives a client with Promises.
 *   store: grpcPlugin(StoreDefinition, { view: promiseClient }),
 *   // Both sides written by hand: two services in one plugin.
 *   both: grpcPlugin({
 *     client: ({ channel }) => ({
 *       greeter: createGrpcClient(channel, GreeterDefinition),
 *       store: createGrpcClient(channel, StoreDefinition),
 *     }),
 *     serve(server, services: { greeter: ServiceOf<typeof GreeterDefinition>; store: ServiceOf<typeof StoreDefinition> }) {
 *       server.addService(GreeterDefinition, services.greeter);
 *       server.addService(StoreDefinition, services.store);
 *     },
 *   }),
 * };
 */
export function grpcPlugin<D extends ServiceDefinition>(definition: D): GrpcPlugin<ClientOf<D>, ServiceOf<D>>;
export function grpcPlugin<D extends ServiceDefinition, View>(
  definition: D,
  options: GrpcPluginView<ClientOf<D>, View>,
): GrpcPlugin<View, ServiceOf<D>>;
export function grpcPlugin<Client, Service>(sides: GrpcSides<Client, Service>): GrpcPlugin<Client, Service>;
export function grpcPlugin<Client, Service>(
  of: ServiceDefinition | GrpcSides<Client, Service>,
  options?: GrpcPluginView<never, unknown>,
): GrpcPlugin {
  const sides = 'methods' in of ? sidesOf(of, options?.view as View | undefined) : of;
  // `implement` has checked the type of the service against the contract; it is not kept at run time.
  return { protocols: ['grpc'], [GRPC]: sides as GrpcSides<unknown, unknown> };
}

/** The gRPC sides of a contract; undefined without any. */
export function grpcSidesOf(contract: PluginContract): GrpcSides<unknown, unknown> | undefined {
  return (contract as Partial<GrpcPlugin>)[GRPC];
}

type View = (client: unknown) => unknown;

function sidesOf<D extends ServiceDefinition>(definition: D, view: View | undefined): GrpcSides<unknown, ServiceOf<D>> {
  validateDefinition(definition);
  return {
    client({ channel, clientOptions }) {
      const client = createGrpcClient(channel, definition, clientOptions);
      return view === undefined ? client : view(client);
    },
    serve: (server, service) => server.addService(definition, service),
  };
}
