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

/** Makes the runner of clients with a `command`; the option `runner` of a client takes its place. */
export const RUNNER = token<RunnerFactory>('runner');
/** How a host dials plugins and offers brokered listeners. */
export const HOST_NETWORK = token<HostParts['createNetwork']>('host-network');
/** Where clients with `managed: true` are, and are ended together. */
export const CLIENT_REGISTRY = token<ClientRegistry>('client-registry');
/** Receives every log entry of every plugin. */
export const LOG_SINK = token<HostParts['logSink']>('log-sink');
/** Issues the one-time identities of AutoMTLS, on both ends. */
export const CERTIFICATE_AUTHORITY = token<CertificateAuthority>('certificate-authority');
/** What all gRPC of this end stands on: servers and channels, brokered ones too. */
export const GRPC_ENGINE = token<GrpcEngine>('grpc-engine');
/** What a host says of its gRPC: interceptors, channel options. */
export const GRPC_HOST_OPTIONS = token<GrpcHostOptions>('grpc-host-options');
/** What a plugin says of its gRPC: server options, interceptors, further services. */
export const GRPC_PLUGIN_OPTIONS = token<GrpcPluginOptions>('grpc-plugin-options');
/** Speaks gRPC with a plugin. */
export const GRPC_CLIENT_PROTOCOL = token<ClientProtocolFactory>('grpc-client-protocol');
/** Serves a plugin over gRPC. */
export const GRPC_SERVER_PROTOCOL = token<ServerProtocolFactory>('grpc-server-protocol');
/** Speaks net/rpc with a plugin. */
export const NETRPC_CLIENT_PROTOCOL = token<ClientProtocolFactory>('netrpc-client-protocol');
/** Serves a plugin over net/rpc. */
export const NETRPC_SERVER_PROTOCOL = token<ServerProtocolFactory>('netrpc-server-protocol');
/** Binds a plugin's main listener. */
export const PLUGIN_LISTEN = token<PluginParts['listen']>('plugin-listen');
/** How a plugin dials its host and offers brokered listeners. */
export const PLUGIN_NETWORK = token<PluginParts['createNetwork']>('plugin-network');
/** All parts of a host, assembled. */
export const HOST_PARTS = token<HostParts>('host-parts');
/** All parts of a plugin, assembled. */
export const PLUGIN_PARTS = token<PluginParts>('plugin-parts');
/** Opens further connections to the host; for services that are served over gRPC. */
export const BROKER = token<GrpcBroker>('broker');
/** Opens further connections to the host; for services that are served over net/rpc. */
export const MUX_BROKER = token<MuxBroker>('mux-broker');
/** A service's own logger; what it says reaches the host's log. */
export const LOGGER = token<Logger>('logger');
