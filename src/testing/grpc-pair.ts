import { OptionsError } from '../errors.js';
import type { PartialService } from '../protocols/contract.js';
import type { GrpcBroker } from '../protocols/grpc/broker/grpc-broker.js';
import { openHostBroker } from '../protocols/grpc/broker/host-broker.js';
import { resolveBrokerOptions } from '../protocols/grpc/broker/options.js';
import { addPluginBroker } from '../protocols/grpc/broker/plugin-broker.js';
import type { GrpcChannel } from '../protocols/grpc/client/channel.js';
import { type GrpcChannelSettings, securedChannelOptions } from '../protocols/grpc/client/channel-options.js';
import type { GrpcClientOptions } from '../protocols/grpc/client/client.js';
import { type GrpcPlugin, grpcPlugin, grpcSidesOf } from '../protocols/grpc/contract.js';
import { type GrpcEndpoints, loadGrpcEngine } from '../protocols/grpc/engine.js';
import type { GrpcServer, GrpcServerOptions } from '../protocols/grpc/server/grpc-server.js';
import type { GrpcEngine } from '../protocols/grpc/shared/grpc-engine.js';
import type { AnyServiceDefinition, ClientOf, HandlersOf } from '../protocols/grpc/shared/service-definition.js';
import { secureListener } from '../transports/tls/tls.js';
import type { Transport } from '../transports/transport.js';
import { type Logger, SILENT_LOGGER } from '../wire/logs/logger.js';
import {
  brokerNetworkOver,
  checkPairOptions,
  type PairOptions,
  type PairTls,
  pairTls,
  pairTransport,
} from './pair-options.js';

/** Options of both ends of a gRPC connection. */
export interface GrpcPairOptions extends PairOptions {
  /** The gRPC implementation of both ends. @default 'native' */
  readonly grpcEngine?: GrpcEngine;
  /** Options of the client's channel, and of channels that its broker dials. */
  readonly channel?: GrpcChannelSettings;
  /** Options of the server, and of servers of the plugin's broker. */
  readonly server?: GrpcServerOptions;
  /** Interceptors and default options of the client's calls. */
  readonly client?: GrpcClientOptions;
  /** The service's logger. @default silent */
  readonly logger?: Logger;
}

const NAMES = ['grpcEngine', 'channel', 'server', 'client', 'logger'] satisfies (keyof GrpcPairOptions)[];

/** A channel and a server that are connected to each other. */
export interface GrpcConnection extends AsyncDisposable {
  readonly channel: GrpcChannel;
  readonly server: GrpcServer;
  /** Closes channel, server and connections. Idempotent. */
  dispose(): Promise<void>;
}

/** A client that is connected to its service. */
export interface GrpcPair<Client> extends GrpcConnection {
  readonly client: Client;
}

/**
 * A channel that is connected to a server with the services that `register` adds (go-plugin testing.go TestGRPCConn). For a plugin's
 * health, stdio, controller and broker use `createPluginPair`.
 *
 * @example
 * ```ts
 * await using connection = await createGrpcConnection((server) => server.addService(KVDefinition, new KvStore()));
 * const kv = createGrpcClient(connection.channel, KVDefinition);
 * ```
 */
export async function createGrpcConnection(
  register: (server: GrpcServer) => void | Promise<void>,
  options: GrpcPairOptions = {},
): Promise<GrpcConnection> {
  checkPairOptions('createGrpcConnection', options, NAMES);
  return connect(register, await linkOf(options), options);
}

/** The engine of both ends, and what connects them. */
interface Link {
  readonly endpoints: GrpcEndpoints;
  readonly transport: Transport;
  readonly tls: PairTls;
}

async function linkOf(options: GrpcPairOptions): Promise<Link> {
  const endpoints = await loadGrpcEngine(options.grpcEngine);
  return { endpoints, transport: pairTransport(options), tls: await pairTls(options) };
}

async function connect(
  register: (server: GrpcServer) => void | Promise<void>,
  { endpoints, transport, tls }: Link,
  options: GrpcPairOptions,
): Promise<GrpcConnection> {
  const server = endpoints.createServer(options.server);
  await register(server);
  const plain = await transport.listen();
  const listener = tls.server === undefined ? plain : secureListener(plain, tls.server, { alpn: ['h2'] });
  const accepting = listener.connection$.subscribe((connection) => server.inject(connection));
  const dialer = { dial: (dialOptions?: object) => transport.dial(plain.address, dialOptions) };
  const channel = endpoints.createChannel({ ...options.channel, ...securedChannelOptions(dialer, tls.client) });
  const dispose = async () => {
    await channel.close();
    await listener.close();
    accepting.unsubscribe();
    await server.close();
  };
  try {
    await channel.connect();
  } catch (error) {
    await dispose();
    throw error;
  }
  return { channel, server, dispose, [Symbol.asyncDispose]: dispose };
}

/**
 * A client and the service that it calls, connected by gRPC over HTTP/2 within this process. `of` is a service definition, or a contract
 * made with `grpcPlugin`.
 *
 * @example
 * ```ts
 * await using pair = await createGrpcPair(KVDefinition, new KvStore());
 * await firstValueFrom(pair.client.put({ key: 'a', value }));
 * ```
 */
export function createGrpcPair<D extends AnyServiceDefinition>(
  of: D,
  service: HandlersOf<D>,
  options?: GrpcPairOptions,
): Promise<GrpcPair<ClientOf<D>>>;
export function createGrpcPair<Client, Service>(
  of: GrpcPlugin<Client, Service>,
  service: Service | PartialService<Service>,
  options?: GrpcPairOptions,
): Promise<GrpcPair<Client>>;
export async function createGrpcPair(
  of: AnyServiceDefinition | GrpcPlugin,
  service: object,
  options: GrpcPairOptions = {},
): Promise<GrpcPair<unknown>> {
  checkPairOptions('createGrpcPair', options, NAMES);
  const sides = grpcSidesOf('protocols' in Object(of) ? (of as GrpcPlugin) : grpcPlugin(of as AnyServiceDefinition));
  if (sides === undefined)
    throw new OptionsError('Expected a service definition or a contract made with `grpcPlugin`.');
  const link = await linkOf(options);
  const logger = options.logger ?? SILENT_LOGGER;
  const lifetime: (() => unknown)[] = [];
  const gone = new AbortController();
  const register = (server: GrpcServer) => {
    const broker = pluginBroker(server, link, logger, options);
    lifetime.push(() => broker.close());
    return sides.serve(server, service, { logger, protocol: 'grpc', broker, signal: gone.signal });
  };
  const connection = await connect(register, link, options);
  const { channel } = connection;
  const broker = hostBroker(channel, link, logger, options);
  lifetime.push(
    () => gone.abort(),
    () => broker.close(),
  );
  const client = await sides.client({ channel, broker, clientOptions: options.client ?? {}, signal: gone.signal });
  const dispose = async () => {
    await Promise.all(lifetime.map((end) => end()));
    await connection.dispose();
  };
  return { ...connection, client, dispose, [Symbol.asyncDispose]: dispose };
}

function pluginBroker(
  server: GrpcServer,
  { endpoints, transport, tls }: Link,
  logger: Logger,
  { server: serverOptions = {} }: GrpcPairOptions,
): GrpcBroker {
  const ends = { network: brokerNetworkOver(transport), logger, tls: tls.server };
  const settings = { ...resolveBrokerOptions({}, { server: serverOptions }), endpoints };
  return addPluginBroker(server, undefined, ends, settings).broker;
}

function hostBroker(
  main: GrpcChannel,
  { endpoints, transport, tls }: Link,
  logger: Logger,
  { channel = {}, client = {} }: GrpcPairOptions,
): GrpcBroker {
  const ends = { network: brokerNetworkOver(transport), logger, tls: tls.client };
  return openHostBroker(main, undefined, ends, { ...resolveBrokerOptions({}, { channel, client }), endpoints });
}
