import { UNIMPLEMENTED, type Unimplemented } from '../../contract.js';
import { GrpcError } from '../shared/errors.js';
import { status as Status } from '../shared/grpc-js.js';
import { isProtobufEsService } from '../shared/protobuf-es.js';
import type { AnyServiceDefinition, ServiceOf } from '../shared/service-definition.js';
import { checkDefinition } from '../shared/validate-definition.js';

/** Handlers that answer UNIMPLEMENTED: to be spread into an object, or extended by a class. */
export type UnimplementedService<D extends AnyServiceDefinition> = ServiceOf<D> & (new () => Unimplemented);

/**
 * Handlers for every method of a service, which answer UNIMPLEMENTED and name the method. A service that begins with them may leave
 * methods out, so that a newer .proto does not break its build (grpc-go: `UnimplementedKVServer`). Throws OptionsError.
 *
 * @example
 * ```ts
 * const kv = implement(plugins.kv, { ...unimplemented(KVDefinition), get: ({ key }) => ({ value: values.get(key) }) });
 *
 * @PluginService(KVDefinition)
 * class Kv extends unimplemented(KVDefinition) {
 *   get({ key }: GetRequest) {
 *     return { value: values.get(key) };
 *   }
 * }
 * ```
 */
export function unimplemented<D extends AnyServiceDefinition>(definition: D): UnimplementedService<D> {
  class Service {}
  for (const [key, path] of pathsOf(definition)) {
    const value = () => {
      throw new GrpcError(Status.UNIMPLEMENTED, `The plugin does not implement ${path}.`);
    };
    // A class's own properties are what a spread copies. Every class has a `prototype` and every prototype a `constructor`: methods of
    // these names have to be implemented.
    if (key !== 'prototype') Object.defineProperty(Service, key, { value, enumerable: true, configurable: true });
    if (key !== 'constructor')
      Object.defineProperty(Service.prototype, key, { value, writable: true, configurable: true });
  }
  Object.defineProperty(Service.prototype, UNIMPLEMENTED, { value: true });
  // Every method of the definition is there, under its own key.
  return Service as unknown as UnimplementedService<D>;
}

function pathsOf(of: AnyServiceDefinition): [key: string, path: string][] {
  const pathed = (fullName: string, methods: Readonly<Record<string, { readonly name: string }>>) =>
    Object.entries(methods).map(([key, { name }]): [string, string] => [key, `/${fullName}/${name}`]);
  if (isProtobufEsService(of)) return pathed(of.typeName, of.method);
  checkDefinition(of);
  return pathed(of.fullName, of.methods);
}
