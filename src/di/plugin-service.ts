import 'reflect-metadata/lite';
import { injectable, type Newable } from 'inversify';
import { OptionsError } from '../errors.js';
import type { PluginContract, ServiceOfContract } from '../protocols/contract.js';
import { grpcPlugin } from '../protocols/grpc/contract.js';
import type { ServiceDefinition, ServiceOf } from '../protocols/grpc/shared/service-definition.js';

const CONTRACT = Symbol.for('rxplug.contract');

/** A class whose instances are `Service`s; its constructor may ask for anything that the container has. */
export type ServiceClass<Service = object> = Newable<Service>;

type ServiceTarget<Of> = Of extends ServiceDefinition ? ServiceOf<Of> : ServiceOfContract<Of>;

/**
 * Marks a class as the implementation of a contract or of a gRPC service definition. A class that does not implement it does not
 * compile. The container constructs it with its dependencies; the mark is kept on the class itself and nowhere else.
 */
export function PluginService<const Of extends ServiceDefinition | PluginContract>(
  of: Of,
): (target: ServiceClass<ServiceTarget<Of>>) => void {
  const contract: PluginContract = isContract(of) ? of : grpcPlugin(of);
  return (target) => markService(target, contract);
}

function isContract(of: ServiceDefinition | PluginContract): of is PluginContract {
  return 'protocols' in of;
}

/** Makes a class one that the container constructs and `serve` takes. */
export function markService(target: ServiceClass<unknown>, contract: PluginContract): void {
  injectable()(target);
  Reflect.defineMetadata(CONTRACT, contract, target);
}

/** The contract that a class was marked with. Throws OptionsError for a class without mark. */
export function contractOf(target: ServiceClass): PluginContract {
  // Own, not inherited: a subclass answers for itself.
  const contract = Reflect.getOwnMetadata(CONTRACT, target) as PluginContract | undefined;
  if (contract !== undefined) return contract;
  throw new OptionsError(
    `The class ${target.name || '(anonymous)'} is not marked as a plugin service. Put @PluginService(definition) on it, or @NetRpcService().`,
  );
}
