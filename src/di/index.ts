/** `rxplug/di`: the container's tokens and modules, for applications that inject plugins or replace parts of the library. */

// Injection.

export { contractOf } from '../assembly/plugin-service.js';
export {
  injectPlugin,
  type ModuleProcess,
  pluginClientToken,
  pluginHostModule,
  pluginToken,
  supervisedPluginToken,
} from './inject-plugin.js';
export { NetRpcMethod, NetRpcService } from './net-rpc-service.js';
export * from './tokens.js';

// The parts that the tokens stand for.

export type { HostGrpcOptions } from '../assembly/host-parts.js';
export type { PluginGrpcOptions } from '../assembly/plugin-parts.js';
export { ClientRegistry, managedClients, type RegisteredClient } from '../host/client-registry.js';
export type { HostParts } from '../host/parts.js';
export type { PluginParts } from '../plugin/plugin-parts.js';
export type {
  ClientConnection,
  ClientProtocol,
  ClientProtocolFactory,
  HealthSubject,
  PingOptions,
  ServerConnection,
  ServerProtocol,
  ServerProtocolFactory,
  SharedServing,
} from '../protocols/protocol.js';
export type { PluginEnvironment } from '../wire/handshake/environment.js';
export type { HostProcess } from '../wire/handshake/host-process.js';
