import { isInjectedClass } from '../assembly/injected-class.js';
import { pluginParts } from '../assembly/plugin-parts.js';
import type { ServiceClass } from '../assembly/plugin-service.js';
import { type CreateService, implementationsOf, newService } from '../assembly/served-plugins.js';
import type { AssembledPlugin, PluginEquipment } from '../plugin/assembled-plugin.js';
import { type Logger, SILENT_LOGGER } from '../wire/logs/logger.js';
import { optionNames, requireOptions } from '../wire/option-names.js';
import type { PluginContainer } from './plugin-container.js';
import type { ServeOptions } from './serve-options.js';

/** The names of all options of `serve`. */
export const SERVE_OPTION_NAMES = optionNames<ServeOptions>()(
  'handshake plugins versionedPlugins protocol logger tlsProvider network onShutdown callGraceMs shutdownDeadlineMs exitGraceMs exitWithHost grpc grpcEngine modules container',
);

/** An implementation for each name; parts and logger when they are needed. Nothing listens yet. Throws OptionsError. */
export function assemblePlugin(options: ServeOptions): AssembledPlugin {
  requireOptions('serve', options, SERVE_OPTION_NAMES);
  const {
    plugins,
    versionedPlugins,
    grpc: _grpc,
    grpcEngine: _engine,
    modules: _modules,
    container: _container,
    ...rest
  } = options;
  const injection = new Injection(options);
  const create: CreateService = (service, context) => injection.create(service, context);
  const versions = Object.entries(versionedPlugins ?? {}).map(([version, set]) => [
    version,
    implementationsOf(set, create),
  ]);
  return {
    options: {
      ...rest,
      ...(plugins === undefined ? {} : { plugins: implementationsOf(plugins, create) }),
      ...(versionedPlugins === undefined ? {} : { versionedPlugins: Object.fromEntries(versions) }),
    },
    equip: (logger) => injection.equip(logger),
    [Symbol.asyncDispose]: () => injection.close(),
  };
}

/** Assembles with a container if there are modules or a container, makes a service in one if its class is injected, else neither. */
class Injection {
  readonly #options: ServeOptions;
  #logger: Logger = SILENT_LOGGER;
  #container: Promise<PluginContainer> | undefined;

  constructor(options: ServeOptions) {
    this.#options = options;
  }

  async equip(fallback: Logger): Promise<PluginEquipment> {
    const logger = this.#options.logger ?? fallback;
    this.#logger = logger;
    if (!this.#isAskedFor) return { logger, parts: pluginParts(this.#options) };
    return (await this.#load()).equipment;
  }

  create: CreateService = (service: ServiceClass, context) =>
    this.#isAskedFor || isInjectedClass(service)
      ? this.#load().then((container) => container.create(service, context))
      : newService(service);

  async close(): Promise<void> {
    await (await this.#container?.catch(() => undefined))?.close();
  }

  get #isAskedFor(): boolean {
    const { modules = [], container } = this.#options;
    return modules.length > 0 || container !== undefined;
  }

  #load(): Promise<PluginContainer> {
    this.#container ??= import('./plugin-container.js').then((di) =>
      di.PluginContainer.load(this.#options, this.#logger),
    );
    return this.#container;
  }
}
