import { OptionsError } from '../errors.js';
import type { PluginImplementation, PluginImplementations, ServiceContext } from '../protocols/contract.js';
import { type DualSides, implementDual } from '../protocols/dual/contract.js';
import { describeValue } from '../wire/option-names.js';
import { contractOf, type ServiceClass } from './plugin-service.js';

/**
 * The implementation of a plugin: a class marked with `@PluginService` or `@NetRpcService`, the result of `implement(contract, service)`,
 * or one of these for each protocol.
 */
export type ServedPlugin = ServiceClass | PluginImplementation | DualSides<SingleService, SingleService>;

type SingleService = ServiceClass | PluginImplementation;

/** Implementations by plugin name. */
export type ServedPlugins = Readonly<Record<string, ServedPlugin>>;

/** Makes the service of a class. */
export type CreateService = (service: ServiceClass, context: ServiceContext) => unknown;

/** An implementation for each name of a plugin set. Throws OptionsError. */
export function implementationsOf(plugins: ServedPlugins, create: CreateService): PluginImplementations {
  if (typeof plugins !== 'object' || plugins === null || Array.isArray(plugins))
    throw new OptionsError(
      `Expected a plugin set to be an object with implementations by name, got ${describeValue(plugins)}.`,
    );
  const entries = Object.entries(plugins).map(([name, plugin]) => [name, implementationOf(name, plugin, create)]);
  return Object.fromEntries(entries) as PluginImplementations;
}

/** The service of a class without injection. Throws OptionsError for a constructor that waits for arguments. */
export function newService(service: ServiceClass): unknown {
  if (service.length === 0) return new service();
  throw nothingInjected(service);
}

/** The error for a class whose constructor waits for arguments of which nothing is known. */
export function nothingInjected({ name }: ServiceClass): OptionsError {
  const named = name || '(anonymous)';
  return new OptionsError(
    `The constructor of the class ${named} takes arguments, but nothing says what is injected. Put @inject(token) on each parameter ` +
      "(with `experimentalDecorators`: standard decorators have none for parameters), call inversify's " +
      `\`decorate(inject(token), ${named}, 0)\` for each, or serve \`implement(contract, ({ logger }) => new ${named}(logger))\`.`,
  );
}

function implementationOf(name: string, plugin: ServedPlugin | undefined, create: CreateService): PluginImplementation {
  if (typeof plugin === 'function')
    return { contract: contractOf(plugin), create: (context) => create(plugin, context) };
  if (typeof plugin !== 'object' || plugin === null || !('grpc' in plugin)) return checkedImplementation(name, plugin);
  const side = (of: SingleService): PluginImplementation => implementationOf(name, of, create);
  return implementDual({ grpc: side(plugin.grpc), netrpc: side(plugin.netrpc) });
}

/** For callers without types: a bare object with methods does not say what it implements. */
function checkedImplementation(name: string, service: Partial<PluginImplementation> | undefined): PluginImplementation {
  if (service?.contract !== undefined) return service as PluginImplementation;
  throw new OptionsError(
    `Expected \`${name}\` of the plugin set to be a class marked with \`@PluginService\`, or what \`implement(contract, service)\` returns.`,
  );
}
