import type { Observable } from 'rxjs';
import { type HostGrpcOptions, hostParts } from '../assembly/host-parts.js';
import { type LaunchWatch, launchWith } from '../host/launch-plugin.js';
import type { NegotiatedOf, VersionedPluginSets } from '../host/negotiated.js';
import { CLIENT_OPTION_NAMES, type ClientOptions } from '../host/options.js';
import type { HostPartsSource } from '../host/parts.js';
import { PluginClient } from '../host/plugin-client.js';
import type { PluginSet } from '../protocols/contract.js';
import { optionNames, requireOptions } from '../wire/option-names.js';
import type { ContainerModule } from './application-container.js';

/** The options of a client that its container needs, besides those of `ClientOptions`. */
export interface HostAssemblyOptions extends HostGrpcOptions {
  /**
   * Modules of your own that replace parts of the library: what they bind to a token of `rxplug/di` is used. They are loaded by `start`,
   * which rejects with what they throw.
   */
  readonly modules?: readonly ContainerModule[];
}

/** The names of all options of `createClient`. */
export const HOST_OPTION_NAMES = [
  ...CLIENT_OPTION_NAMES,
  ...optionNames<HostAssemblyOptions>()('modules grpc grpcEngine'),
];

const LAUNCH_OPTION_NAMES = [...HOST_OPTION_NAMES, 'onClient', 'signal'];

/**
 * A client for one plugin process. Nothing is started yet: subscribe to its Observables, then `start`. Throws OptionsError.
 *
 * @example
 * ```ts
 * await using client = createClient({ command: ['./greeter'], handshake, plugins });
 * client.logs$.subscribe(({ level, message }) => console.error(level, message));
 * await client.start();
 * const greeter = await client.dispense('greeter');
 * ```
 */
export function createClient<P extends PluginSet, V extends VersionedPluginSets<P> = VersionedPluginSets<P>>(
  options: ClientOptions<P, V> & HostAssemblyOptions,
): PluginClient<P, NegotiatedOf<V>> {
  requireOptions('createClient', options, HOST_OPTION_NAMES);
  return new PluginClient<P, NegotiatedOf<V>>(options, partsSource(options));
}

/** The parts of a host by its options: those that its modules bind, once they are needed, and the defaults. Throws OptionsError. */
export function partsSource(options: HostAssemblyOptions): HostPartsSource {
  const { modules = [] } = options;
  if (modules.length === 0) return hostParts(options);
  return async () => {
    const { partsFromModules } = await import('./host-container.js');
    return partsFromModules(modules, options);
  };
}

/**
 * A plugin as a cold Observable: subscribing starts a process and emits its connected client, unsubscribing stops it. An exit of the
 * plugin that was not asked for is an error of the Observable, so that `retry` restarts it, `switchMap` reloads and `takeUntil` stops it.
 * `onClient` sees the client before it is started.
 *
 * @example
 * ```ts
 * const greeting$ = launch({ command: ['./greeter'], handshake, plugins }).pipe(
 *   switchMap((client) => client.dispense('greeter')),
 *   switchMap((greeter) => greeter.greet({ name: 'Ada' })),
 *   retry({ delay: backoff({ initialMs: 100, maxMs: 30_000 }) }),
 * );
 * ```
 */
export function launch<P extends PluginSet, V extends VersionedPluginSets<P> = VersionedPluginSets<P>>(
  options: ClientOptions<P, V> & HostAssemblyOptions & LaunchWatch<P, NegotiatedOf<V>>,
): Observable<PluginClient<P, NegotiatedOf<V>>> {
  const { onClient, signal, ...client } = Object(options) as typeof options;
  const watch = { ...(onClient === undefined ? {} : { onClient }), ...(signal === undefined ? {} : { signal }) };
  const create = (): PluginClient<P, NegotiatedOf<V>> => {
    requireOptions('launch', options, LAUNCH_OPTION_NAMES);
    // The rest is still one of the forms of ClientOptions.
    return createClient(client as unknown as typeof options);
  };
  return launchWith(create, watch);
}
