import { Container, ContainerModule } from 'inversify';
import { OptionsError } from '../errors.js';
import { pluginLogger } from '../plugin/logger.js';
import type { ServeOptions as CoreServeOptions } from '../plugin/options.js';
import type { PluginParts } from '../plugin/plugin-parts.js';
import type { PluginImplementation, PluginImplementations } from '../protocols/contract.js';
import { type DualSides, implementDual } from '../protocols/dual/contract.js';
import { isGrpcServiceContext } from '../protocols/grpc/contract.js';
import type { GrpcPluginOptions } from '../protocols/grpc/server-protocol.js';
import type { GrpcEngine } from '../protocols/grpc/shared/grpc-engine.js';
import { isNetRpcServiceContext } from '../protocols/netrpc/contract.js';
import { fillPlugin } from './modules/plugin.js';
import { contractOf, type ServiceClass } from './plugin-service.js';
import { BROKER, GRPC_ENGINE, GRPC_PLUGIN_OPTIONS, LOGGER, MUX_BROKER, PLUGIN_PARTS } from './tokens.js';

/**
 * What is served under a name: a class marked with `@PluginService` or `@NetRpcService`, the result of `implement(contract, service)`,
 * or one of them for each protocol.
 */
export type ServedPlugin = ServiceClass | PluginImplementation | DualSides<SingleService, SingleService>;

type SingleService = ServiceClass | PluginImplementation;

/** What is served, by name. */
export type ServedPlugins = Readonly<Record<string, ServedPlugin>>;

/** What a plugin serves and how (go-plugin ServeConfig). */
export interface ServeOptions extends Omit<CoreServeOptions, 'plugins' | 'versionedPlugins'> {
  /** What is served under the handshake's own protocol version. */
  readonly plugins?: ServedPlugins;
  /** What is served by application protocol version; the highest that the host shares is taken. */
  readonly versionedPlugins?: Readonly<Record<number, ServedPlugins>>;
  /** Server options, interceptors, further services. */
  readonly grpc?: GrpcPluginOptions;
  /** What all gRPC of this plugin stands on. @default 'native' */
  readonly grpcEngine?: GrpcEngine;
  /** Modules of your own: parts that take the place of the default ones, and what your service classes inject. */
  readonly modules?: readonly ContainerModule[];
}

/** A plugin that is ready to be served. Disposing it deactivates what the container has made. */
export interface AssembledPlugin extends AsyncDisposable {
  readonly options: CoreServeOptions & Required<Pick<CoreServeOptions, 'logger'>>;
  readonly parts: PluginParts;
}

/** Puts a plugin together: its parts, its logger, and an implementation for each name. Nothing is listened on yet. */
export function assemblePlugin(options: ServeOptions): AssembledPlugin {
  const { plugins, versionedPlugins, grpc, grpcEngine, modules = [], ...rest } = options;
  const container = new Container();
  const logger = options.logger ?? pluginLogger();
  container.bind(LOGGER).toConstantValue(logger);
  container.load(...modules);
  if (grpc !== undefined) container.bind(GRPC_PLUGIN_OPTIONS).toConstantValue(grpc);
  if (grpcEngine !== undefined) container.bind(GRPC_ENGINE).toConstantValue(grpcEngine);
  container.load(new ContainerModule(fillPlugin));
  const versions = Object.entries(versionedPlugins ?? {}).map(([version, set]) => [
    version,
    implementationsOf(set, container),
  ]);
  return {
    options: {
      ...rest,
      logger,
      ...(plugins === undefined ? {} : { plugins: implementationsOf(plugins, container) }),
      ...(versionedPlugins === undefined ? {} : { versionedPlugins: Object.fromEntries(versions) }),
    },
    parts: container.get(PLUGIN_PARTS),
    [Symbol.asyncDispose]: () => container.unbindAllAsync(),
  };
}

function implementationsOf(services: ServedPlugins, container: Container): PluginImplementations {
  const entries = Object.entries(services).map(([name, service]) => [name, implementationOf(name, service, container)]);
  return Object.fromEntries(entries) as PluginImplementations;
}

/** Each service is made in a container of its own below the application's, so that it gets its own logger and broker. */
function implementationOf(name: string, service: ServedPlugin | undefined, container: Container): PluginImplementation {
  if (typeof service !== 'function') {
    if (service === undefined || !('grpc' in service)) return checkedImplementation(name, service);
    const side = (of: ServedPlugin): PluginImplementation => implementationOf(name, of, container);
    return implementDual({ grpc: side(service.grpc), netrpc: side(service.netrpc) });
  }
  return {
    contract: contractOf(service),
    create: (context) => {
      const own = new Container({ parent: container });
      own.bind(LOGGER).toConstantValue(context.logger);
      if (isGrpcServiceContext(context)) own.bind(BROKER).toConstantValue(context.broker);
      if (isNetRpcServiceContext(context)) own.bind(MUX_BROKER).toConstantValue(context.broker);
      own.bind(service).toSelf().inSingletonScope();
      return own.get(service);
    },
  };
}

/** For callers without types: a bare object with methods does not say what it implements. */
function checkedImplementation(name: string, service: Partial<PluginImplementation> | undefined): PluginImplementation {
  if (service?.contract !== undefined) return service as PluginImplementation;
  throw new OptionsError(
    `Expected \`${name}\` of the plugin set to be a class marked with \`@PluginService\`, or what \`implement(contract, service)\` returns.`,
  );
}
