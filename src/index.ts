export * from './di/index.js';
export * from './errors.js';
export { type CleanupOnExitOptions, cleanupOnExit } from './host/cleanup-on-exit.js';
export { ClientRegistry, cleanupClients, managedClients, type RegisteredClient } from './host/client-registry.js';
export { discover, discovered } from './host/discovery.js';
export type { AttachFunction } from './host/launch-options.js';
export type { ClientOptions } from './host/options.js';
export type { HostParts, LogSink } from './host/parts.js';
export { PluginClient, type PluginName } from './host/plugin-client.js';
export { pluginLogger } from './plugin/logger.js';
export type { PluginParts } from './plugin/parts.js';
export type { ServeTestOptions, TestServing } from './plugin/test-serving.js';
// What both share.
export {
  type ClientOfContract,
  type ContextOfContract,
  implement,
  type PluginContract,
  type PluginImplementation,
  type PluginImplementations,
  type PluginSet,
  type ProtocolName,
  type ServiceContext,
  type ServiceOfContract,
} from './protocols/contract.js';
export {
  type DualClient,
  type DualPlugin,
  type DualService,
  type DualSides,
  dualPlugin,
} from './protocols/dual/contract.js';
export type { GrpcBroker, GrpcBrokerCounts, GrpcBrokerRequest } from './protocols/grpc/broker/grpc-broker.js';
export type { GrpcBrokerOptions } from './protocols/grpc/broker/options.js';
export type { GrpcChannelOptions, KeepaliveOptions } from './protocols/grpc/client/channel-options.js';
export {
  type CallInterceptor,
  createGrpcClient,
  type GrpcClientOptions,
  type InterceptedCall,
} from './protocols/grpc/client/client.js';
export type { ChannelState, GrpcChannel } from './protocols/grpc/client/grpc-channel.js';
export { type GrpcHostOptions, grpcClientProtocol } from './protocols/grpc/client-protocol.js';
export {
  type GrpcClientContext,
  type GrpcPlugin,
  type GrpcServiceContext,
  type GrpcSides,
  grpcPlugin,
} from './protocols/grpc/contract.js';
export { createGrpcChannel } from './protocols/grpc/engine.js';
export { createGrpcJsChannel } from './protocols/grpc/grpc-js/adapters/client-channel.js';
export type { GrpcServer, GrpcServerOptions } from './protocols/grpc/server/grpc-server.js';
export { type GrpcPluginOptions, grpcServerProtocol } from './protocols/grpc/server-protocol.js';
export type { HealthService, HealthStatuses, ServingStatus } from './protocols/grpc/services/health.js';
export type { ReflectionOptions } from './protocols/grpc/services/reflection.js';
export { GrpcError, type GrpcErrorOptions } from './protocols/grpc/shared/errors.js';
export type { GrpcEngine } from './protocols/grpc/shared/grpc-engine.js';
export { Metadata, status } from './protocols/grpc/shared/grpc-js.js';
export type {
  BidiCall,
  BidiHandler,
  CallContext,
  CallOptions,
  ClientOf,
  ClientStreamCall,
  ClientStreamHandler,
  HandlerResult,
  HandlerStream,
  InputOf,
  MessageOf,
  MessageReadable,
  MessageType,
  MethodDefinition,
  ServerStreamCall,
  ServerStreamHandler,
  ServiceDefinition,
  ServiceOf,
  StreamCallContext,
  UnaryCall,
  UnaryHandler,
} from './protocols/grpc/shared/service-definition.js';
export { BASIC_ERROR_NAME, BasicError, fromBasicError, toBasicError } from './protocols/netrpc/basic-error.js';
export { type BrokerRequest, MuxBroker, type MuxBrokerOptions } from './protocols/netrpc/broker.js';
export { type NetRpcHostOptions, netRpcClientProtocol } from './protocols/netrpc/client-protocol.js';
export {
  createTypedClient,
  handlersOf,
  type NetRpcClientContext,
  type NetRpcClientOf,
  type NetRpcMethods,
  type NetRpcPlugin,
  type NetRpcServiceCall,
  type NetRpcServiceContext,
  type NetRpcServiceOf,
  type NetRpcSides,
  netRpcPlugin,
} from './protocols/netrpc/contract.js';
export { createNetRpcClient, type NetRpcClient, type NetRpcClientOptions } from './protocols/netrpc/rpc-client.js';
export { type NetRpcServerOptions, type NetRpcServing, serveNetRpc } from './protocols/netrpc/rpc-server.js';
export {
  handler,
  method,
  type NetRpcCall,
  type NetRpcHandler,
  type NetRpcHandlers,
  type NetRpcServices,
  type NetRpcSignature,
} from './protocols/netrpc/rpc-service.js';
export { type NetRpcPluginOptions, netRpcServerProtocol } from './protocols/netrpc/server-protocol.js';
export type {
  BrokerNetwork,
  ClientConnection,
  ClientProtocol,
  ClientProtocolFactory,
  ServerConnection,
  ServerProtocol,
  ServerProtocolFactory,
} from './protocols/protocol.js';
export type { SecureConfig } from './runners/checksum.js';
export { type AttachContainerOptions, attachContainer } from './runners/container/attach.js';
export type { ContainerEngineOptions } from './runners/container/engine-options.js';
export type { ContainerLimits, ContainerMount, ContainerOptions } from './runners/container/options.js';
export { containerRunner } from './runners/container/runner.js';
export type { ProcessIdentity } from './runners/os-process/identity.js';
export { type AttachProcessOptions, attachProcess } from './runners/process/attached-process.js';
export { type ProcessRunnerOptions, processRunner } from './runners/process/process.js';
export type { AttachedRunner, Runner, RunnerFactory, RunnerSpec } from './runners/runner.js';
export { type BackoffOptions, backoff } from './streams/backoff.js';
export type { DeathCause, Exit, PluginState, RunningPlugin } from './streams/lifecycle.js';
export type { Http2Engine, Http2Options } from './transports/http2/engine.js';
export { nodeHttp2Engine } from './transports/http2/node-engine.js';
export {
  type CertificateAuthority,
  type Curve,
  type Identity,
  selfSignedAuthority,
} from './transports/tls/certificate.js';
export type { TlsConfig } from './transports/tls/tls.js';
export type { Dialer, DialOptions, Listener, Transport } from './transports/transport.js';
export {
  type GobAny,
  type GobComplex,
  type GobDynamic,
  type GobRegistry,
  type GobSchema,
  type GobTime,
  type GobType,
  gob,
  zeroValue,
} from './wire/gob/index.js';
export type { Address, AddressTranslator } from './wire/handshake/address.js';
export type { HandshakeConfig } from './wire/handshake/handshake-config.js';
export type { Handshake } from './wire/handshake/parse-handshake.js';
export {
  type PartialReattachConfig,
  type ReattachConfig,
  TERRAFORM_REATTACH_VARIABLE,
  terraformReattach,
} from './wire/handshake/reattach-config.js';
export type { LogEntry } from './wire/logs/log-entry.js';
export {
  createLogger,
  type LogFields,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  type LogRecord,
} from './wire/logs/logger.js';
