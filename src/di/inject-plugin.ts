import {
  ContainerModule,
  type ContainerModuleLoadOptions,
  inject,
  LazyServiceIdentifier,
  type ServiceIdentifier,
} from 'inversify';
import type { HostGrpcOptions } from '../assembly/host-parts.js';
import { OptionsError } from '../errors.js';
import { CLIENT_OPTION_NAMES, type ClientOptions } from '../host/options.js';
import type { HostParts } from '../host/parts.js';
import { PluginClient } from '../host/plugin-client.js';
import type { PluginSet } from '../protocols/contract.js';
import type { SupervisionOptions } from '../supervision/options.js';
import { SupervisedPlugin } from '../supervision/supervised-plugin.js';
import { describeValue, optionNames, requireOptions } from '../wire/option-names.js';
import { askedByGet } from './asked-by-get.js';
import { toResolvedWithHostParts } from './host-container.js';
import { checkPluginName, pluginNames } from './plugin-names.js';
import { refuseStandardDecorator } from './standard-decorator.js';
import { checkSupervisionNames } from './supervision-names.js';
import { token } from './token.js';

/**
 * The token of a plugin's client: what `@injectPlugin(name)` injects.
 *
 * @example
 * const kv = await container.getAsync(pluginToken<ClientOfContract<typeof plugins.kv>>('kv'));
 */
export function pluginToken<Client>(name: string): ServiceIdentifier<Client> {
  checkPluginName('pluginToken', name);
  pluginNames.add(name);
  return plainToken(name);
}

/**
 * The token of a process's PluginClient, with its state and its logs.
 *
 * @example
 * const client = await container.getAsync(pluginClientToken('kv'));
 * client.state$.subscribe(({ status }) => console.log(status));
 */
export function pluginClientToken<P extends PluginSet>(name: string): ServiceIdentifier<PluginClient<P>> {
  checkPluginName('pluginClientToken', name);
  return token<PluginClient<P>>(`plugin-client.${name}`);
}

/**
 * The token of a plugin that is supervised, with its state, its events and `reload`.
 *
 * @example
 * const plugin = container.get(supervisedPluginToken('kv'));
 * plugin.state$.subscribe(({ status }) => console.log(status));
 */
export function supervisedPluginToken<P extends PluginSet>(name: string): ServiceIdentifier<SupervisedPlugin<P>> {
  checkPluginName('supervisedPluginToken', name);
  return token<SupervisedPlugin<P>>(`supervised-plugin.${name}`);
}

/**
 * Injects the client of a plugin of `pluginHostModule`. `name` is the name of a process, for its plugin of the same name or its only
 * one, or `process.plugin`. The process is started when the first object that needs it is made; such objects are made with
 * `container.getAsync`. With `supervision` the client works for as long as the module is loaded, whichever process serves, and `container.get`
 * makes the objects too, without waiting for a start. Making the object throws OptionsError for a name that nothing was bound to, and by
 * `container.get` where the client is there only after a start.
 *
 * @example
 * ```ts
 * class Importer {
 *   constructor(@injectPlugin('kv') private readonly kv: ClientOfContract<typeof plugins.kv>) {}
 * }
 * ```
 */
export function injectPlugin(name: string): ParameterDecorator & PropertyDecorator {
  checkPluginName('@injectPlugin', name);
  // Looked up when an object is made: modules are loaded after classes are declared.
  const lazy = new LazyServiceIdentifier(() => knownToken(name));
  const decorate = inject(lazy) as ParameterDecorator & PropertyDecorator;
  return (target: object, key: string | symbol | undefined, index?: number): void => {
    refuseStandardDecorator('@injectPlugin', key);
    // Both kinds of decorator: a property's has no index.
    (decorate as (target: object, key: string | symbol | undefined, index?: number) => void)(target, key, index);
  };
}

/** Throws OptionsError for a plugin that nothing can be bound to, since nobody has asked for its token. */
function knownToken(name: string): ServiceIdentifier {
  if (pluginNames.has(name)) return plainToken(name);
  const names = [...pluginNames];
  const known = names.length === 0 ? 'No plugin is bound' : `Bound are ${names.map((one) => `\`${one}\``).join(', ')}`;
  throw new OptionsError(
    `There is no plugin \`${name}\` for @injectPlugin. ${known}: correct the name, or load a pluginHostModule with such a process first.`,
  );
}

function plainToken<Client>(name: string): ServiceIdentifier<Client> {
  return token<Client>(`plugin.${name}`);
}

/** A process of `pluginHostModule`: the options of its client, and how it is supervised, if it is. */
export type ModuleProcess = ClientOptions & HostGrpcOptions & { readonly supervision?: SupervisionOptions };

const PROCESS_NAMES = [...CLIENT_OPTION_NAMES, ...optionNames<HostGrpcOptions>()('grpc grpcEngine'), 'supervision'];

/**
 * Binds plugin processes, by names of your choice, into an application's container: for each process its PluginClient
 * (`pluginClientToken`) and a client of each plugin of its sets (`pluginToken`, `@injectPlugin`). Parts that the container has bound
 * (`RUNNER`, `LOG_SINK`, …) replace the library's. A process with `supervision` is started again when it ends (`supervise` of
 * `rxplug/supervise`), and has a SupervisedPlugin (`supervisedPluginToken`) in the place of the PluginClient. Unloading the module, or
 * `container.unbindAllAsync`, stops its processes. Throws OptionsError.
 *
 * @example
 * ```ts
 * container.load(pluginHostModule({ kv: { command: ['./kv-plugin'], handshake, plugins, supervision: {} } }));
 * const importer = await container.getAsync(Importer);
 * ```
 */
export function pluginHostModule(processes: Readonly<Record<string, ModuleProcess>>): ContainerModule {
  const given: unknown = processes;
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new OptionsError(
      `Expected the processes of pluginHostModule as an object, options by the name of a process, got ${describeValue(given)}.`,
    );
  for (const [name, options] of Object.entries(processes)) {
    checkPluginName('a process of pluginHostModule', name);
    requireOptions(`\`${name}\` of pluginHostModule`, options, PROCESS_NAMES);
    checkSupervisionNames(options.supervision);
  }
  return new ContainerModule(({ bind }) => {
    for (const [name, options] of Object.entries(processes)) {
      if (options.supervision === undefined) bindClient(bind, name, options);
      else bindSupervised(bind, name, options);
    }
  });
}

type Bind = ContainerModuleLoadOptions['bind'];

function bindClient(bind: Bind, name: string, options: ModuleProcess): void {
  toResolvedWithHostParts(
    bind(pluginClientToken(name)),
    options,
    (parts) => new PluginClient({ name, ...options }, parts),
  )
    .inSingletonScope()
    .onDeactivation((client) => client.stop());
  const dispense = dispenseOnce();
  for (const [alias, plugin] of aliasesOf(name, options))
    bind(pluginToken(alias)).toResolvedValue(
      (client: PluginClient) => {
        if (askedByGet()) throw cannotWait(alias, 'its client is there once its process has started', OR_SUPERVISION);
        return dispense(client, plugin);
      },
      [pluginClientToken(name)],
    );
}

/** The client is there at once; with `versionedPlugins`, and where a definition has to be loaded, it is a Promise. */
function bindSupervised(bind: Bind, name: string, options: ModuleProcess): void {
  const make = (parts: HostParts): SupervisedPlugin => new SupervisedPlugin({ name, ...options }, parts);
  toResolvedWithHostParts(bind(supervisedPluginToken(name)), options, make)
    .inSingletonScope()
    .onDeactivation((plugin) => plugin.stop());
  for (const [alias, plugin] of aliasesOf(name, options))
    bind(pluginToken(alias)).toResolvedValue(
      (supervised: SupervisedPlugin) => {
        const client = supervised.client(plugin);
        if (client instanceof Promise && askedByGet())
          throw cannotWait(
            alias,
            'what its client is depends on the first start, or on a definition that has to be loaded',
          );
        return client;
      },
      [supervisedPluginToken(name)],
    );
}

const OR_SUPERVISION = ', or give the process the option `supervision`: its clients are there at once';

function cannotWait(name: string, why: string, or = ''): OptionsError {
  return new OptionsError(
    `container.get cannot give the plugin \`${name}\`: ${why}. Take container.getAsync, which waits${or}.`,
  );
}

/**
 * Dispenses each plugin of a process once, and starts the process for the first. Not a singleton of the container: that would cache a
 * rejection, and then fail to unbind, so that no process would be stopped.
 */
function dispenseOnce(): (client: PluginClient, plugin: string) => Promise<unknown> {
  const dispensed = new Map<string, Promise<unknown>>();
  return (client, plugin) => {
    const known = dispensed.get(plugin);
    if (known !== undefined) return known;
    const made = client.start().then(() => client.dispense(plugin));
    dispensed.set(plugin, made);
    // Whoever waits is told. Nobody does after `container.get`, which throws since the client is not there yet.
    made.catch(() => {});
    return made;
  };
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
