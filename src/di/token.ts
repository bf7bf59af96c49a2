import type { ServiceIdentifier } from 'inversify';

/** A typed token of the container. (`const KEY: ServiceIdentifier<T> = Symbol()` would lose T: assignment narrows the union.) */
export function token<T>(name: string): ServiceIdentifier<T> {
  return Symbol.for(`rxplug.${name}`) as ServiceIdentifier<T>;
}
