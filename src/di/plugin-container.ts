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

  /** `fallback` is the logger if neither the options nor the application have one. Throws OptionsError. */
  constructor(options: ServeOptions, fallback: Logger) {
    const { modules = [], container: parent } = options;
    this.#container = new Container(parent === undefined ? {} : { parent: parent as Container });
    this.#container.load(...(modules as readonly ContainerModule[]));
    const logger = loggerOf(this.#container, options.logger, fallback);
    this.#scopes = new ServiceScopes(this.#container, logger);
    this.create = (service, context) => this.#scopes.create(service, context);
    this.equipment = { logger, parts: partsOf(this.#container, options) };
  }

  async close(): Promise<void> {
    await this.#scopes.close();
    await this.#container.unbindAllAsync();
  }
}

/** The option's logger, else the one that the application has bound, else the fallback; bound for whoever injects it. */
function loggerOf(container: Container, option: Logger | undefined, fallback: Logger): Logger {
  if (option === undefined && container.isBound(LOGGER)) return container.get(LOGGER);
  const logger = option ?? fallback;
  const binding = container.isCurrentBound(LOGGER) ? container.rebind(LOGGER) : container.bind(LOGGER);
  binding.toConstantValue(logger);
  return logger;
}

/** What the container has bound, and the defaults of the rest. */
function partsOf(container: Container, options: ServeOptions): PluginEquipment['parts'] {
  const optional = { optional: true } as const;
  return pluginParts(options, {
    listen: container.get(PLUGIN_LISTEN, optional),
    createNetwork: container.get(PLUGIN_NETWORK, optional),
    certificateAuthority: container.get(CERTIFICATE_AUTHORITY, optional),
    grpcOptions: container.get(GRPC_PLUGIN_OPTIONS, optional),
    grpcEngine: container.get(GRPC_ENGINE, optional),
    grpcProtocol: container.get(GRPC_SERVER_PROTOCOL, optional),
    netRpcProtocol: container.get(NETRPC_SERVER_PROTOCOL, optional),
  });
}
