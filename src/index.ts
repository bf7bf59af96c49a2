/**
 * `rxplug`: starts plugins and serves them. What only some programs need has entries of its own: `rxplug/grpc`, `rxplug/net-rpc`,
 * `rxplug/supervise`, `rxplug/di`, `rxplug/transport`, `rxplug/container`, `rxplug/sandbox`, `rxplug/relay`, `rxplug/endpoint`, `rxplug/manifest`, `rxplug/bundle`, `rxplug/testing` and `rxplug/wire`.
 */

// The host: starts plugins.

export { createClient, type HostAssemblyOptions, launch } from './di/host.js';
export { type CleanupOnExitOptions, cleanupOnExit } from './host/cleanup-on-exit.js';
export { cleanupClients } from './host/client-registry.js';
export { discover, discovered } from './host/discovery.js';
export type { AttachFunction } from './host/launch-options.js';
export type { LaunchWatch } from './host/launch-plugin.js';
export type { NegotiatedOf, NegotiatedPlugins, VersionedPluginSets } from './host/negotiated.js';
export type { ClientOptions } from './host/options.js';
export type { LogSink } from './host/output/log-sink.js';
export type { PluginOutputMode } from './host/output/plugin-output.js';
export { type TerminalSinkOptions, terminalSink } from './host/output/terminal-sink.js';
export type { PluginClient, PluginName, WaitOptions } from './host/plugin-client.js';
export type { ProcessIdentity } from './processes/identity.js';
export { type AttachProcessOptions, attachProcess } from './runners/process/attached-process.js';
export { commandRunner, type ProcessRunnerOptions, processRunner } from './runners/process/process-runner.js';
export type { AttachedRunner, ProcessSpec, Runner, RunnerFactory, RunnerSpec } from './runners/runner.js';
export type { SecureConfig } from './runners/secure/secure-config.js';
export { type BackoffOptions, backoff } from './streams/backoff.js';
export { cannotHeal } from './streams/cannot-heal.js';
export type { Exit, PluginState, RunningPlugin, StartPhase, StopReason } from './streams/lifecycle.js';
export type { PartialReattachConfig, ReattachConfig } from './wire/handshake/reattach-config.js';
export {
  parseTerraformReattach,
  TERRAFORM_REATTACH_VARIABLE,
  terraformReattach,
} from './wire/handshake/terraform-reattach.js';
export type { LogEntry } from './wire/logs/log-entry.js';

// The plugin: is started and serves.

export { PluginService, type ServiceClass } from './assembly/plugin-service.js';
export type { ServedPlugin, ServedPlugins } from './assembly/served-plugins.js';
export { type LazyServeOptions, serve, serveMux, serveTest } from './di/plugin.js';
export type { ServeOptions } from './di/serve-options.js';
export type { HostOffer } from './plugin/host-offer.js';
export { pluginLogger } from './plugin/logger.js';
export type { PluginStart } from './plugin/serve.js';
export type { ServeTestOptions, TestServing } from './plugin/test-serving.js';

// What both agree on.

export {
  ClosedError,
  type ClosedErrorCode,
  type Delivery,
  type ErrorDetails,
  HandshakeError,
  type HandshakeErrorCode,
  OptionsError,
  PluginCallError,
  type PluginCallErrorCode,
  PluginError,
  type PluginErrorOptions,
  ProtocolError,
  type ProtocolErrorCode,
  type ProtocolErrorOptions,
  RemoteError,
  SecurityError,
  type SecurityErrorCode,
  StartError,
  type StartErrorCode,
  TransportError,
  type TransportErrorCode,
} from './errors.js';
// TypeScript writes the type of an exported contract with names of `rxplug/grpc`, and only if it has read that entry.
export type {} from './grpc.js';
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
  type ServiceFactory,
  type ServiceOfContract,
} from './protocols/contract.js';
export {
  type DualClient,
  type DualPlugin,
  type DualService,
  type DualSides,
  dualPlugin,
} from './protocols/dual/contract.js';
export { type GrpcPlugin, grpcPlugin } from './protocols/grpc/contract.js';
export { unimplemented } from './protocols/grpc/server/unimplemented.js';
export type { GrpcEngine } from './protocols/grpc/shared/grpc-engine.js';
export type {
  CallContext,
  CallOptions,
  ClientOf,
  MessageReadable,
  ServiceOf,
  StreamCallContext,
} from './protocols/grpc/shared/service-definition.js';
export { type NetRpcPlugin, netRpcPlugin } from './protocols/netrpc/contract.js';
export { type PromiseClient, promiseClient } from './protocols/promise-client.js';
export type { TlsConfig } from './transports/tls/tls.js';
export type { HandshakeConfig } from './wire/handshake/handshake-config.js';
export {
  createLogger,
  type LogFields,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  type LogRecord,
} from './wire/logs/logger.js';
