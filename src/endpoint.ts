/** `rxplug/endpoint`: a plugin that is a service, and what a host needs to know of it. */
export { type ServeEndpointOptions, serveEndpoint } from './di/endpoint.js';
export type { EndpointOptions } from './host/attached/endpoint.js';
export type { EndpointServing } from './plugin/endpoint-serving.js';
export type { TlsSource } from './transports/tls/tls.js';
