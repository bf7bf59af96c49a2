import type { PluginContract, ServiceContext } from '../contract.js';
import type { GrpcBroker } from './broker/grpc-broker.js';
import type { GrpcChannel } from './client/channel.js';
import { createGrpcClient, type GrpcClientOptions } from './client/client.js';
import type { GrpcServer } from './server/grpc-server.js';
import type { ClientOf, ServiceDefinition, ServiceOf } from './shared/service-definition.js';

const GRPC = Symbol.for('rxplug.grpc');

/** What the host's side of a contract is made with. */
export interface GrpcClientContext {
  /** The main connection to the plugin; owned by the conversation. */
  readonly channel: GrpcChannel;
  /** Opens further connections, in both directions; owned by the conversation. */
  readonly broker: GrpcBroker;
  /** What the host's options say of clients: interceptors, defaults of calls. */
  readonly clientOptions: GrpcClientOptions;
  /** Aborted when the plugin is gone (go-plugin: the context given to GRPCClient). */
  readonly signal: AbortSignal;
}

/** What a plugin's gRPC service is made with. */
export interface GrpcServiceContext extends ServiceContext {
  readonly protocol: 'grpc';
  /** Opens further connections, in both directions; owned by the serving. */
  readonly broker: GrpcBroker;
}

/** Whether a service is being made to be served over gRPC. */
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

/** A contract that is spoken over gRPC. */
export interface GrpcPlugin<Client = unknown, Service = unknown>
  extends PluginContract<Client, Service, GrpcServiceContext> {
  readonly [GRPC]: GrpcSides<Client, Service>;
}

/** A contract from one service definition, or from two functions that say what each side is. */
export function grpcPlugin<D extends ServiceDefinition>(definition: D): GrpcPlugin<ClientOf<D>, ServiceOf<D>>;
export function grpcPlugin<Client, Service>(sides: GrpcSides<Client, Service>): GrpcPlugin<Client, Service>;
export function grpcPlugin<Client, Service>(of: ServiceDefinition | GrpcSides<Client, Service>): GrpcPlugin {
  const sides = 'methods' in of ? sidesOf(of) : of;
  // The service that a contract is paired with fits it (`implement`); here only the pair is kept, not the type.
  return { protocols: ['grpc'], [GRPC]: sides as GrpcSides<unknown, unknown> };
}

/** The gRPC sides of a contract; undefined when it cannot be spoken over gRPC. */
export function grpcSidesOf(contract: PluginContract): GrpcSides<unknown, unknown> | undefined {
  return (contract as Partial<GrpcPlugin>)[GRPC];
}

function sidesOf<D extends ServiceDefinition>(definition: D): GrpcSides<ClientOf<D>, ServiceOf<D>> {
  return {
    client: ({ channel, clientOptions }) => createGrpcClient(channel, definition, clientOptions),
    serve: (server, service) => server.addService(definition, service),
  };
}
