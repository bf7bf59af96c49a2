import { checkYamuxOptions, resolveYamuxOptions, type YamuxOptions } from '../../transports/yamux/options.js';
import { checkOptions, optionNames } from '../../wire/option-names.js';
import type { ServerProtocolFactory } from '../protocol.js';
import type { MuxedPluginOptions } from './broker/muxed-plugin.js';
import { type GrpcBrokerOptions, resolveBrokerOptions } from './broker/options.js';
import type { GrpcServer, GrpcServerOptions } from './server/grpc-server.js';
import type { HealthService } from './services/health.js';
import type { ReflectionOptions } from './services/reflection.js';
import { type GrpcEngine, resolveGrpcEngine } from './shared/grpc-engine.js';
import { resolveStrictMessages } from './shared/strict-messages.js';

/** How a plugin serves gRPC. */
export interface GrpcPluginOptions extends GrpcServerOptions, ReflectionOptions {
  /** Options of the broker, and of what is offered and dialed through it. */
  readonly broker?: GrpcBrokerOptions;
  /** Multiplexed only: how long the host may take to connect, before the plugin ends. @default 60 000 ms, all that a host has to start it */
  readonly firstConnectionTimeoutMs?: number;
  /** Multiplexed only: the yamux session that carries all connections. */
  readonly yamux?: YamuxOptions;
  /** Adds services besides those of the plugin set, or changes what the health service says. */
  readonly configure?: (server: GrpcServer, health: HealthService) => void;
}

/** go-plugin waits 5 s, which a busy host can miss; it gives a plugin 60 s to be started and connected (client.go ClientConfig). */
const FIRST_CONNECTION_TIMEOUT_MS = 60_000;

const NAMES = optionNames<GrpcPluginOptions>()(
  'http2 interceptors maxReceiveMessageBytes maxSendMessageBytes maxBufferedBytes logger strictMessages descriptorSets broker firstConnectionTimeoutMs yamux configure',
);

/**
 * Serves a plugin over gRPC (go-plugin grpc_server.go).
 *
 * @example
 * bind(GRPC_SERVER_PROTOCOL).toConstantValue(grpcServerProtocol({ http2: { maxConcurrentStreams: 100 } }));
 */
export function grpcServerProtocol(options: GrpcPluginOptions = {}, grpcEngine?: GrpcEngine): ServerProtocolFactory {
  const serverOptions = serverOptionsOf(options);
  const brokerOptions = resolveBrokerOptions(options.broker ?? {}, { server: serverOptions });
  const engine = resolveGrpcEngine(grpcEngine);
  const muxedOptions = resolveMuxedOptions(options, brokerOptions.timeoutMs);
  return async (connection) => {
    // Most of gRPC is loaded when a plugin is served: a host needs none of it.
    const { serveGrpc } = await import('./grpc-serving.js');
    return await serveGrpc(connection, { options, serverOptions, brokerOptions, engine, muxedOptions });
  };
}

/** What is meant for the servers themselves. */
function serverOptionsOf(options: GrpcPluginOptions): GrpcServerOptions {
  checkOptions('`grpc` of a plugin', options, NAMES);
  const { broker: _b, firstConnectionTimeoutMs: _f, yamux: _y, configure: _c, descriptorSets: _d, ...server } = options;
  return { ...server, strictMessages: resolveStrictMessages(server.strictMessages) };
}

function resolveMuxedOptions(options: GrpcPluginOptions, expectMs: number): MuxedPluginOptions {
  const { firstConnectionTimeoutMs = FIRST_CONNECTION_TIMEOUT_MS, yamux = {} } = options;
  checkYamuxOptions(yamux);
  // Only validates: the defaults depend on the connection.
  resolveYamuxOptions(yamux);
  return { expectMs, firstConnectionTimeoutMs, yamux };
}
