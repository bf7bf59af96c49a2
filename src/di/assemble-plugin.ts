import { Container, type ContainerModule } from 'inversify';
import { OptionsError } from '../errors.js';
import { pluginLogger } from '../plugin/logger.js';
import type { ServeOptions as CoreServeOptions } from '../plugin/options.js';
import type { PluginParts } from '../plugin/plugin-parts.js';
import type { PluginImplementation, PluginImplementations } from '../protocols/contract.js';
import { type DualSides, implementDual } from '../protocols/dual/contract.js';
import type { Logger } from '../wire/logs/logger.js';
import { type PluginGrpcOptions, pluginParts } from './parts/plugin-parts.js';
import { contractOf, type ServiceClass } from './plugin-service.js';
import { ServiceScopes } from './service-scopes.js';
import { LOGGER } from './tokens.js';

/**
 * The implementation of a plugin: a class marked with `@PluginService` or `@NetRpcService`, the result of `implement(contract, service)`,
 * or one of these for each protocol.
 */
export type ServedPlugin = ServiceClass | PluginImplementation | DualSides<SingleService, SingleService>;

type SingleService = ServiceClass | PluginImplementation;

/** Implementations by plugin name. */
export type ServedPlugins = Readonly<Record<string, ServedPlugin>>;

/** The options of a plugin (go-plugin ServeConfig). */
export interface ServeOptions extends Omit<CoreServeOptions, 'plugins' | 'versionedPlugins'>, PluginGrpcOptions {
  /** The plugin set of the handshake's own protocol version. */
  readonly plugins?: ServedPlugins;
  /** Plugin sets by protocol version of the application; the highest version that the host has, too, is served. */
  readonly versionedPlugins?: Readonly<Record<number, ServedPlugins>>;
  /** Modules of your own: what your service classes inject, and what replaces parts of the library. */
  readonly modules?: readonly ContainerModule[];
  /**
   * The container of your application: service classes inject what it has bound, and parts that it has bound replace the library's.
   * `serve` loads the modules into a container of its own below it, and unbinds nothing of yours.
   */
  readonly container?: Container;
}

/** A plugin that is ready to be served. Disposing it releases its services and what its container has made. */
export interface AssembledPlugin extends AsyncDisposable {
  readonly options: CoreServeOptions & Required<Pick<CoreServeOptions, 'logger'>>;
  readonly parts: PluginParts;
}

/** Assembles the parts of a plugin, its logger, and an implementation for each name. Nothing listens yet. Throws OptionsError. */
export function assemblePlugin(options: ServeOptions): AssembledPlugin {
  const {
    plugins,
    versionedPlugins,
    grpc: _grpc,
    grpcEngine: _engine,
    modules = [],
    container: parent,
    ...rest
  } = options;
  const container = new Container(parent === undefined ? {} : { parent });
  container.load(...modules);
  const logger = loggerOf(container, options.logger);
  const scopes = new ServiceScopes(container, logger);
  const versions = Object.entries(versionedPlugins ?? {}).map(([version, set]) => [
    version,
    implementationsOf(set, scopes),
  ]);
  return {
    options: {
      ...rest,
      logger,
      ...(plugins === undefined ? {} : { plugins: implementationsOf(plugins, scopes) }),
      ...(versionedPlugins === undefined ? {} : { versionedPlugins: Object.fromEntries(versions) }),
    },
    parts: pluginParts(container, options),
    [Symbol.asyncDispose]: async () => {
      await scopes.close();
      await container.unbindAllAsync();
    },
  };
}

/** The option's logger, else the one that the application has bound, else the default; bound for whoever injects it. */
function loggerOf(container: Container, option: Logger | undefined): Logger {
  if (option === undefined && container.isBound(LOGGER)) return container.get(LOGGER);
  const logger = option ?? pluginLogger();
  const binding = container.isCurrentBound(LOGGER) ? container.rebind(LOGGER) : container.bind(LOGGER);
  binding.toConstantValue(logger);
  return logger;
}

function implementationsOf(plugins: ServedPlugins, scopes: ServiceScopes): PluginImplementations {
  const entries = Object.entries(plugins).map(([name, plugin]) => [name, implementationOf(name, plugin, scopes)]);
  return Object.fromEntries(entries) as PluginImplementations;
}

function implementationOf(name: string, plugin: ServedPlugin | undefined, scopes: ServiceScopes): PluginImplementation {
  if (typeof plugin === 'function')
    return { contract: contractOf(plugin), create: (context) => scopes.create(plugin, context) };
  if (plugin === undefined || !('grpc' in plugin)) return checkedImplementation(name, plugin);
  const side = (of: SingleService): PluginImplementation => implementationOf(name, of, scopes);
  return implementDual({ grpc: side(plugin.grpc), netrpc: side(plugin.netrpc) });
}

/** For callers without types: a bare object with methods does not say what it implements. */
function checkedImplementation(name: string, service: Partial<PluginImplementation> | undefined): PluginImplementation {
  if (service?.contract !== undefined) return service as PluginImplementation;
  throw new OptionsError(
    `Expected \`${name}\` of the plugin set to be a class marked with \`@PluginService\`, or what \`implement(contract, service)\` returns.`,
  );
}
