import { OptionsError } from '../../errors.js';
import { checkOptions, describeValue, optionNames } from '../../wire/option-names.js';
import type { PluginContract, ServiceContext } from '../contract.js';
import { whenReady } from '../when-ready.js';
import type { GrpcBroker } from './broker/grpc-broker.js';
import type { GrpcChannel } from './client/channel.js';
import { createGrpcClient, type GrpcClientOptions } from './client/client.js';
import type { GrpcServer } from './server/grpc-server.js';
import { fromProtobufEs, isProtobufEsService } from './shared/protobuf-es.js';
import type {
  AnyServiceDefinition,
  ClientOf,
  HandlersOf,
  ServiceDefinition,
  ServiceOf,
} from './shared/service-definition.js';
import { checkDefinition, refuseThenable } from './shared/validate-definition.js';

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
  /** Host: the client that `dispense` gives; it waits for a Promise. */
  client(context: GrpcClientContext): Client | Promise<Client>;
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

/** Service definitions by names of your choice. */
type Definitions = Readonly<Record<string, AnyServiceDefinition>>;

/** A client of each service. */
export type ClientsOf<S extends Definitions> = { readonly [Name in keyof S]: ClientOf<S[Name]> };

/** An implementation of each service. */
export type ServicesOf<S extends Definitions> = { readonly [Name in keyof S]: ServiceOf<S[Name]> };

/**
 * A contract from a service definition (of ts-proto, of protoc-gen-es 2, or made by `fromGrpcJs`), from several by name, or from two functions
 * that make its sides. Throws OptionsError for anything else.
 *
 * @example
 * const plugins = {
 *   greeter: grpcPlugin(GreeterDefinition),
 *   // `dispense` gives a client with Promises.
 *   store: grpcPlugin(StoreDefinition, { view: promiseClient }),
 *   // Several services under one name: a client with `greeter` and `store`, and an implementation likewise.
 *   both: grpcPlugin({ greeter: GreeterDefinition, store: StoreDefinition }),
 *   // Both sides written by hand.
 *   own: grpcPlugin({
 *     client: ({ channel }) => new Journal(createGrpcClient(channel, StoreDefinition)),
 *     serve: (server, store: ServiceOf<typeof StoreDefinition>) => server.addService(StoreDefinition, store),
 *   }),
 * };
 */
export function grpcPlugin<D extends AnyServiceDefinition>(definition: D): GrpcPlugin<ClientOf<D>, ServiceOf<D>>;
export function grpcPlugin<D extends AnyServiceDefinition, View>(
  definition: D,
  options: GrpcPluginView<ClientOf<D>, View>,
): GrpcPlugin<View, ServiceOf<D>>;
export function grpcPlugin<Client, Service>(sides: GrpcSides<Client, Service>): GrpcPlugin<Client, Service>;
export function grpcPlugin<const S extends Definitions>(definitions: S): GrpcPlugin<ClientsOf<S>, ServicesOf<S>>;
export function grpcPlugin<Client, Service>(
  of: AnyServiceDefinition | Definitions | GrpcSides<Client, Service>,
  options?: GrpcPluginView<never, unknown>,
): GrpcPlugin {
  const sides = isSides(of) ? of : isSeveral(of) ? severalSides(of) : sidesOf(of, viewOf(options));
  // `implement` has checked the type of the service against the contract; it is not kept at run time.
  return { protocols: ['grpc'], [GRPC]: sides as GrpcSides<unknown, unknown> };
}

/** The gRPC sides of a contract; undefined without any. */
export function grpcSidesOf(contract: PluginContract): GrpcSides<unknown, unknown> | undefined {
  return (contract as Partial<GrpcPlugin>)[GRPC];
}

function isSides<Client, Service>(
  of: AnyServiceDefinition | Definitions | GrpcSides<Client, Service>,
): of is GrpcSides<Client, Service> {
  const { client, serve } = Object(of) as Partial<GrpcSides<Client, Service>>;
  return typeof client === 'function' && typeof serve === 'function';
}

/** A definition has methods itself. */
function isSeveral(of: AnyServiceDefinition | Definitions): of is Definitions {
  const values: unknown[] = Object.values(Object(of) as object);
  if (values.length === 0 || isProtobufEsService(of)) return false;
  return values.every((one) => typeof one === 'object' && one !== null && Object.hasOwn(one, 'methods'));
}

function severalSides(definitions: Definitions): GrpcSides<unknown, never> {
  const sides = Object.entries(definitions).map(([name, one]) => [name, sidesOf(one, undefined)] as const);
  return {
    client: async (context) => {
      const clients = sides.map(async ([name, one]) => [name, await one.client(context)] as const);
      return Object.fromEntries(await Promise.all(clients));
    },
    async serve(server, services: Readonly<Record<string, HandlersOf<ServiceDefinition>>>, context) {
      for (const [name, one] of sides) {
        const service = services[name];
        if (typeof service !== 'object' || service === null)
          throw new OptionsError(
            `Expected an implementation of \`${name}\` beside the others, got ${describeValue(service)}.`,
          );
        await one.serve(server, service, context);
      }
    },
  };
}

type View = (client: unknown) => unknown;

const VIEW_NAMES = optionNames<GrpcPluginView<unknown, unknown>>()('view');

function viewOf(options: GrpcPluginView<never, unknown> | undefined): View | undefined {
  checkOptions('grpcPlugin', options, VIEW_NAMES);
  const view: unknown = options?.view;
  if (view === undefined || typeof view === 'function') return view as View | undefined;
  throw new OptionsError(
    `Expected \`view\` of grpcPlugin to be a function, such as promiseClient, got ${describeValue(view)}.`,
  );
}

function sidesOf(of: AnyServiceDefinition, view: View | undefined): GrpcSides<unknown, HandlersOf<ServiceDefinition>> {
  const definition = definitionOf(of);
  return {
    client: ({ channel, clientOptions }) =>
      whenReady(definition, (ready) => {
        const client = createGrpcClient(channel, ready, clientOptions);
        return view === undefined ? client : view(client);
      }),
    serve: (server, service) => whenReady(definition, (ready) => server.addService(ready, service)),
  };
}

/** Loading begins at once, so that it does not take time of its own while a plugin starts. */
function definitionOf(of: AnyServiceDefinition): ServiceDefinition | Promise<ServiceDefinition> {
  if (!isProtobufEsService(of)) {
    checkDefinition(of);
    refuseThenable(of);
    return of;
  }
  const loading = fromProtobufEs(of);
  // Whoever needs the definition is told.
  loading.catch(() => {});
  return loading;
}
