import { OptionsError } from '../errors.js';
import type { Implementing, PluginContract } from '../protocols/contract.js';
import { grpcPlugin } from '../protocols/grpc/contract.js';
import type { AnyServiceDefinition, HandlersOf } from '../protocols/grpc/shared/service-definition.js';
import { ownMark, requireClass, setMark } from './class-mark.js';

const CONTRACT = Symbol.for('rxplug.contract');

/**
 * A class whose instances implement `Service`. With injection (`@inject`, `@injectable` and the like on it or on a base class, or with
 * modules or a container for `serve`) the container makes the instances; otherwise they are made with `new`, without arguments.
 */
export type ServiceClass<Service = object> = new (...args: never[]) => Service;

type ServiceTarget<Of> = Of extends AnyServiceDefinition ? HandlersOf<Of> : Implementing<Of>;

/**
 * Marks a class as the implementation of a contract or of a gRPC service definition, for `serve`. A class that does not implement it
 * does not compile. The mark is kept on the class itself, not in a registry; a subclass needs its own.
 *
 * @example
 * ```ts
 * @PluginService(GreeterDefinition)
 * class Greeter implements ServiceOf<typeof GreeterDefinition> {
 *   constructor(@inject(LOGGER) private readonly log: Logger) {}
 *   greet({ name }: GreetRequest) {
 *     return { greeting: `Hello ${name}!` };
 *   }
 * }
 * await serve({ handshake, plugins: { greeter: Greeter } });
 * ```
 */
export function PluginService<const Of extends AnyServiceDefinition | PluginContract>(
  of: Of,
): (target: ServiceClass<ServiceTarget<Of>>) => void {
  const contract: PluginContract = isContract(of) ? of : grpcPlugin(of);
  return (target, ...[where]: unknown[]) => {
    requireClass('@PluginService', target, where);
    markService(target, contract);
  };
}

function isContract(of: AnyServiceDefinition | PluginContract): of is PluginContract {
  return 'protocols' in Object(of);
}

/** Marks a class as the implementation of a contract. */
export function markService(target: ServiceClass<unknown>, contract: PluginContract): void {
  setMark(target, CONTRACT, contract);
}

/** The contract that a class was marked with. Throws OptionsError for a class without mark. */
export function contractOf(target: ServiceClass): PluginContract {
  // Own, not inherited: a subclass may implement another contract.
  const contract = ownMark(target, CONTRACT) as PluginContract | undefined;
  if (contract !== undefined) return contract;
  throw new OptionsError(
    `The class ${target.name || '(anonymous)'} is not marked as a plugin service. Put @PluginService(definition) on it, or @NetRpcService().`,
  );
}
