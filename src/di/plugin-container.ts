import { Container, type ContainerModule } from 'inversify';
import { pluginParts } from '../assembly/plugin-parts.js';
import type { CreateService } from '../assembly/served-plugins.js';
import type { PluginEquipment } from '../plugin/assembled-plugin.js';
import type { Logger } from '../wire/logs/logger.js';
import type { ServeOptions } from './serve-options.js';
import { ServiceScopes } from './service-scopes.js';
import {
  CERTIFICATE_AUTHORITY,
  GRPC_ENGINE,
  GRPC_PLUGIN_OPTIONS,
  GRPC_SERVER_PROTOCOL,
  LOGGER,
  NETRPC_SERVER_PROTOCOL,
  PLUGIN_LISTEN,
  PLUGIN_NETWORK,
} from './tokens.js';

/** The container of a plugin, below the application's. Loaded when there is something to inject or to replace. */
export class PluginContainer {
  readonly equipment: PluginEquipment;
  /** The service of a class; its dependencies may be asynchronous. */
  readonly create: CreateService;
  readonly #container: Container;
  readonly #scopes: ServiceScopes;

  private constructor(container: Container, equipment: PluginEquipment) {
    this.#container = container;
    this.#scopes = new ServiceScopes(container, equipment.logger);
    this.create = (service, context) => this.#scopes.create(service, context);
    this.equipment = equipment;
  }

  /**
   * `fallback` is the logger if neither the options nor the application have one. Modules and what they bind may be asynchronous. Rejects with
   * OptionsError, and with what a module throws.
   */
  static async load(options: ServeOptions, fallback: Logger): Promise<PluginContainer> {
    const { modules = [], container: parent } = options;
    const container = new Container(parent === undefined ? {} : { parent: parent as Container });
    await container.loadAsync(...(modules as readonly ContainerModule[]));
    const logger = await loggerOf(container, options.logger, fallback);
    return new PluginContainer(container, { logger, parts: await partsOf(container, options) });
  }

  async close(): Promise<void> {
    await this.#scopes.close();
    await this.#container.unbindAllAsync();
  }
}

/** The option's logger, else the one that the application has bound, else the fallback; bound for whoever injects it. */
async function loggerOf(container: Container, option: Logger | undefined, fallback: Logger): Promise<Logger> {
  if (option === undefined && container.isBound(LOGGER)) return await container.getAsync(LOGGER);
  const logger = option ?? fallback;
  const binding = container.isCurrentBound(LOGGER) ? container.rebind(LOGGER) : container.bind(LOGGER);
  binding.toConstantValue(logger);
  return logger;
}

/** What the container has bound, and the defaults of the rest. */
async function partsOf(container: Container, options: ServeOptions): Promise<PluginEquipment['parts']> {
  const optional = { optional: true } as const;
  return pluginParts(options, {
    listen: await container.getAsync(PLUGIN_LISTEN, optional),
    createNetwork: await container.getAsync(PLUGIN_NETWORK, optional),
    certificateAuthority: await container.getAsync(CERTIFICATE_AUTHORITY, optional),
    grpcOptions: await container.getAsync(GRPC_PLUGIN_OPTIONS, optional),
    grpcEngine: await container.getAsync(GRPC_ENGINE, optional),
    grpcProtocol: await container.getAsync(GRPC_SERVER_PROTOCOL, optional),
    netRpcProtocol: await container.getAsync(NETRPC_SERVER_PROTOCOL, optional),
  });
}
