import { ContainerModule, inject, type ServiceIdentifier } from 'inversify';
import type { ClientOptions } from '../host/options.js';
import type { HostParts } from '../host/parts.js';
import { PluginClient } from '../host/plugin-client.js';
import type { PluginSet } from '../protocols/contract.js';
import { grpcClientProtocol } from '../protocols/grpc/client-protocol.js';
import type { HostAssemblyOptions } from './host.js';
import { fillHost } from './modules/host.js';
import { token } from './token.js';
import { GRPC_ENGINE, GRPC_HOST_OPTIONS, HOST_PARTS } from './tokens.js';

type HostGrpcOptions = Pick<HostAssemblyOptions, 'grpc' | 'grpcEngine'>;

/** The token of a dispensed client: what `@injectPlugin(name)` injects. */
export function pluginToken<Client>(name: string): ServiceIdentifier<Client> {
  return token<Client>(`plugin.${name}`);
}

/** The token of the PluginClient of a process: its state, its logs, its end. */
export function pluginClientToken<P extends PluginSet>(name: string): ServiceIdentifier<PluginClient<P>> {
  return token<PluginClient<P>>(`plugin-client.${name}`);
}

/**
 * Injects the client of a plugin that `pluginHostModule` has bound. `name` is the process's name, for its plugin of the same name or
 * its only one, or `process.plugin`. The process is started when the first object that needs it is made, which therefore takes
 * `container.getAsync`.
 */
export function injectPlugin(name: string): ParameterDecorator & PropertyDecorator {
  return inject(pluginToken(name)) as ParameterDecorator & PropertyDecorator;
}

/**
 * Binds plugin processes, by names of your choice, into an application's container: per process one PluginClient, and a client per
 * plugin of its sets. Parts that the container has bound before (`RUNNER`, `LOG_SINK`, …) are used. `container.unbindAllAsync`
 * stops the processes.
 */
export function pluginHostModule(
  processes: Readonly<Record<string, ClientOptions & HostGrpcOptions>>,
): ContainerModule {
  return new ContainerModule((options) => {
    fillHost(options);
    for (const [name, clientOptions] of Object.entries(processes)) {
      options
        .bind(pluginClientToken(name))
        .toResolvedValue(
          (parts, grpc, grpcEngine) =>
            new PluginClient(clientOptions, withOwnGrpc(parts, clientOptions, { grpc, grpcEngine })),
          [HOST_PARTS, GRPC_HOST_OPTIONS, GRPC_ENGINE],
        )
        .inSingletonScope()
        .onDeactivation((client) => client.stop());
      const dispense = dispenseOnce();
      for (const [alias, plugin] of aliasesOf(name, clientOptions))
        options
          .bind(pluginToken(alias))
          .toResolvedValue((client: PluginClient) => dispense(client, plugin), [pluginClientToken(name)]);
    }
  });
}

/**
 * One client per plugin of a process, which is started for the first. Not a singleton of the container's: it would keep a failure, and
 * could not be emptied any more, so that no process of it would be stopped.
 */
function dispenseOnce(): (client: PluginClient, plugin: string) => Promise<unknown> {
  const dispensed = new Map<string, Promise<unknown>>();
  return (client, plugin) => {
    const known = dispensed.get(plugin);
    if (known !== undefined) return known;
    const made = client.start().then(() => client.dispense(plugin));
    dispensed.set(plugin, made);
    return made;
  };
}

/** A process's own gRPC options and engine take the place of the container's. */
function withOwnGrpc(parts: HostParts, own: HostGrpcOptions, common: Required<HostGrpcOptions>): HostParts {
  if (own.grpc === undefined && own.grpcEngine === undefined) return parts;
  const grpc = grpcClientProtocol(own.grpc ?? common.grpc, own.grpcEngine ?? common.grpcEngine);
  return { ...parts, protocols: { ...parts.protocols, grpc } };
}

function aliasesOf(process: string, options: ClientOptions): [alias: string, plugin: string][] {
  const sets = [
    ...Object.values(options.versionedPlugins ?? {}),
    ...(options.plugins === undefined ? [] : [options.plugins]),
  ];
  const plugins = [...new Set(sets.flatMap((set) => Object.keys(set)))];
  const main = plugins.includes(process) ? process : plugins.length === 1 ? plugins[0] : undefined;
  const aliases = plugins.map((plugin): [string, string] => [`${process}.${plugin}`, plugin]);
  return main === undefined ? aliases : [[process, main], ...aliases];
}
