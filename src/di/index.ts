export { type Served, type ServeOptions, type Services } from './assemble-plugin.js';
export { createClient, type HostAssemblyOptions, launch } from './host.js';
export { injectPlugin, pluginClientToken, pluginHostModule, pluginToken } from './inject-plugin.js';
export { NetRpcMethod, NetRpcService } from './net-rpc-service.js';
export { type LazyServeOptions, serve, serveMux, serveTest } from './plugin.js';
export { contractOf, PluginService, type ServiceClass } from './plugin-service.js';
export { token } from './token.js';
export * from './tokens.js';
