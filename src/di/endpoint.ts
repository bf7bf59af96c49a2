import {
  type EndpointServing,
  type EndpointServingOptions,
  serveEndpoint as serveCore,
} from '../plugin/endpoint-serving.js';
import { cookielessHandshake, type HandshakeConfig } from '../wire/handshake/handshake-config.js';
import { optionNames, requireOptions } from '../wire/option-names.js';
import { assemblePlugin } from './assemble-plugin.js';
import type { ServeOptions } from './serve-options.js';

type Started = 'handshake' | 'protocol' | 'tlsProvider' | 'network' | 'exitWithHost';

/** The options of `serve` that mean something without a host that starts the plugin, and those of an endpoint. */
export interface ServeEndpointOptions extends Omit<ServeOptions, Started>, EndpointServingOptions {
  /** Only for `protocolVersion`, the version of `plugins`: nobody is asked for a cookie. */
  readonly handshake?: HandshakeConfig;
}

const OWN_NAMES = optionNames<EndpointServingOptions>()(
  'address version tls allowInsecure allowShutdown grpcBrokerMultiplex notServingMs signal',
);

type SharedOptions = Omit<ServeEndpointOptions, keyof EndpointServingOptions>;

const SHARED_NAMES = optionNames<SharedOptions>()(
  'handshake plugins versionedPlugins logger onShutdown callGraceMs shutdownDeadlineMs exitGraceMs grpc grpcEngine modules container',
);

/**
 * Serves plugins over gRPC at an address, to any number of hosts, which connect with the option `endpoint`: a service by itself, without magic cookie and
 * handshake line. Resolves when hosts can connect. On SIGTERM and SIGINT the health service says NOT_SERVING, open calls have `callGraceMs`, and
 * the process ends. Rejects when the plugin cannot be served, and with OptionsError for an address beyond this machine without `tls`.
 *
 * @example
 * ```ts
 * const serving = await serveEndpoint({ address: '0.0.0.0:7443', tls: { cert, key, ca }, plugins: { greeter: Greeter } });
 * await serving.ended;
 * ```
 */
export async function serveEndpoint(options: ServeEndpointOptions): Promise<EndpointServing> {
  requireOptions('serveEndpoint', options, [...OWN_NAMES, ...SHARED_NAMES]);
  const shared = Object.entries(options).filter(([name]) => SHARED_NAMES.some((known) => known === name));
  const handshake = cookielessHandshake(options.handshake, options.version);
  const plugin = assemblePlugin({ ...(Object.fromEntries(shared) as SharedOptions), handshake });
  const onEnded = async (): Promise<void> => plugin[Symbol.asyncDispose]();
  try {
    return await serveCore(plugin, options, { onEnded });
  } catch (error) {
    await onEnded();
    throw error;
  }
}
