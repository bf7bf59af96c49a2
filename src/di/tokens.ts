import type { ClientRegistry } from '../host/client-registry.js';
import type { HostParts } from '../host/parts.js';
import type { PluginParts } from '../plugin/plugin-parts.js';
import type { GrpcBroker } from '../protocols/grpc/broker/grpc-broker.js';
import type { GrpcHostOptions } from '../protocols/grpc/client-protocol.js';
import type { GrpcPluginOptions } from '../protocols/grpc/server-protocol.js';
import type { GrpcEngine } from '../protocols/grpc/shared/grpc-engine.js';
import type { MuxBroker } from '../protocols/netrpc/mux-broker.js';
import type { ClientProtocolFactory, ServerProtocolFactory } from '../protocols/protocol.js';
import type { RunnerFactory } from '../runners/runner.js';
import type { CertificateAuthority } from '../transports/tls/certificate.js';
import type { Logger } from '../wire/logs/logger.js';
import { token } from './token.js';

// Parts of the library. To replace one, bind its token: in a module for `createClient`, `launch` or `serve`, or in the container of an
// application. A part that is not bound has its default.

/**
 * Makes the runner of a client with a `command`; the client's option `runner` takes its place. @default `commandRunner`
 *
 * @example
 * ```ts
 * bind(RUNNER).toConstantValue((spec) => commandRunner(spec, { processGroup: 'shared' }));
 * ```
 */
export const RUNNER = token<RunnerFactory>('runner');
/** Makes a host's network: what dials plugins and listens for brokered connections. @default unix sockets and TCP */
export const HOST_NETWORK = token<HostParts['createNetwork']>('host-network');
/** The registry of clients with `managed: true`, which `cleanupClients` of the registry stops. @default `managedClients` */
export const CLIENT_REGISTRY = token<ClientRegistry>('client-registry');
/**
 * Receives every log entry of every plugin of a host, besides `logs$`. @default none
 *
 * @example
 * ```ts
 * bind(LOG_SINK).toConstantValue({ write: (entry, { name }) => console.error(name, entry.level, entry.message) });
 * ```
 */
export const LOG_SINK = token<HostParts['logSink']>('log-sink');
/** Issues the certificates of AutoMTLS, on hosts and plugins. @default `selfSignedAuthority()` */
export const CERTIFICATE_AUTHORITY = token<CertificateAuthority>('certificate-authority');
/** The implementation of gRPC, on hosts and plugins. The option `grpcEngine` takes its place. @default 'native' */
export const GRPC_ENGINE = token<GrpcEngine>('grpc-engine');
/** A host's gRPC options. The option `grpc` takes their place. @default {} */
export const GRPC_HOST_OPTIONS = token<GrpcHostOptions>('grpc-host-options');
/** A plugin's gRPC options. The option `grpc` of `serve` takes their place. @default {} */
export const GRPC_PLUGIN_OPTIONS = token<GrpcPluginOptions>('grpc-plugin-options');
/**
 * Connects to plugins over gRPC. Binding it replaces all of a host's gRPC: the options `grpc` and `grpcEngine` are refused then.
 * @default `grpcClientProtocol`
 */
export const GRPC_CLIENT_PROTOCOL = token<ClientProtocolFactory>('grpc-client-protocol');
/** Serves a plugin over gRPC; otherwise as GRPC_CLIENT_PROTOCOL. @default `grpcServerProtocol` */
export const GRPC_SERVER_PROTOCOL = token<ServerProtocolFactory>('grpc-server-protocol');
/** Connects to plugins over net/rpc. @default `netRpcClientProtocol()` */
export const NETRPC_CLIENT_PROTOCOL = token<ClientProtocolFactory>('netrpc-client-protocol');
/** Serves a plugin over net/rpc. @default `netRpcServerProtocol()` */
export const NETRPC_SERVER_PROTOCOL = token<ServerProtocolFactory>('netrpc-server-protocol');
/** Opens a plugin's main listener. @default a unix socket in the host's directory, or a TCP port of the host's range */
export const PLUGIN_LISTEN = token<PluginParts['listen']>('plugin-listen');
/** Makes a plugin's network: what dials the host and listens for brokered connections. @default as PLUGIN_LISTEN */
export const PLUGIN_NETWORK = token<PluginParts['createNetwork']>('plugin-network');

// What a plugin's service classes may inject. `serve` binds these for each service.

/**
 * A service's own logger: its module is the plugin's name in the set. Bound by an application, it is the logger of the whole plugin,
 * unless `serve` has the option `logger`.
 *
 * @example
 * ```ts
 * class Greeter {
 *   constructor(@inject(LOGGER) private readonly log: Logger) {}
 * }
 * ```
 */
export const LOGGER = token<Logger>('logger');
/** Opens further connections to the host; for services over gRPC. */
export const BROKER = token<GrpcBroker>('broker');
/** Opens further streams to the host; for services over net/rpc. */
export const MUX_BROKER = token<MuxBroker>('mux-broker');
