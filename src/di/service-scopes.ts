import { Container, injectable, type ServiceIdentifier } from 'inversify';
import { isInjectedClass } from '../assembly/injected-class.js';
import type { ServiceClass } from '../assembly/plugin-service.js';
import { nothingInjected } from '../assembly/served-plugins.js';
import type { ServiceContext } from '../protocols/contract.js';
import { isGrpcServiceContext } from '../protocols/grpc/contract.js';
import { isNetRpcServiceContext } from '../protocols/netrpc/contract.js';
import { onAbort } from '../streams/on-abort.js';
import type { Logger } from '../wire/logs/logger.js';
import { BROKER, LOGGER, MUX_BROKER } from './tokens.js';

/**
 * Makes the services of service classes, each in a container of its own below the plugin's: with its own logger and broker. A service is
 * released, which runs its `@preDestroy`, when it is not served any more.
 */
export class ServiceScopes {
  readonly #parent: Container;
  readonly #logger: Logger;
  readonly #scopes = new Set<Container>();
  readonly #releases = new Set<Promise<void>>();

  constructor(parent: Container, logger: Logger) {
    this.#parent = parent;
    this.#logger = logger;
  }

  /** The service of a class; its dependencies may be asynchronous. Throws OptionsError for a constructor of which nothing is known. */
  async create(service: ServiceClass, context: ServiceContext): Promise<unknown> {
    if (service.length > 0 && !isInjectedClass(service)) throw nothingInjected(service);
    makeInjectable(service);
    const scope = this.#open(context);
    const identifier = service as ServiceIdentifier;
    scope.bind(identifier).to(service).inSingletonScope();
    try {
      return await scope.getAsync(identifier);
    } catch (error) {
      await this.#release(scope);
      throw error;
    }
  }

  /** Releases what is left; resolves when every release is through. */
  async close(): Promise<void> {
    for (const scope of this.#scopes) void this.#release(scope);
    await Promise.all(this.#releases);
  }

  #open(context: ServiceContext): Container {
    const scope = new Container({ parent: this.#parent });
    scope.bind(LOGGER).toConstantValue(context.logger);
    if (isGrpcServiceContext(context)) scope.bind(BROKER).toConstantValue(context.broker);
    if (isNetRpcServiceContext(context)) scope.bind(MUX_BROKER).toConstantValue(context.broker);
    this.#scopes.add(scope);
    onAbort(context.signal, () => void this.#release(scope));
    return scope;
  }

  #release(scope: Container): Promise<void> {
    if (!this.#scopes.delete(scope)) return Promise.resolve();
    const release = scope
      .unbindAllAsync()
      .catch((error: unknown) => this.#logger.error('a service failed to be released', { error }))
      .finally(() => this.#releases.delete(release));
    this.#releases.add(release);
    return release;
  }
}

/**
 * Makes a service class injectable, if the application has not. Done when it is served and not by its mark, because inversify throws
 * for a second `@injectable()`, which the application may put above or below the mark.
 */
function makeInjectable(target: ServiceClass): void {
  try {
    injectable()(target);
  } catch {
    // It is injectable already.
  }
}
