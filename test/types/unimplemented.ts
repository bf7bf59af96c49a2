/** Compiled, never run: what must and what must not type-check around services that leave methods out. */
import { type GetRequest, KVDefinition } from '../../examples/gen/kv.js';
import { grpcPlugin, implement, PluginService, type ServiceOf, unimplemented } from '../../src/index.js';
import { createGrpcPair } from '../../src/testing/index.js';

const kv = grpcPlugin(KVDefinition);
const value = new Uint8Array();

export const spread: ServiceOf<typeof KVDefinition> = {
  ...unimplemented(KVDefinition),
  get: ({ key }) => ({ value: new TextEncoder().encode(key) }),
};
export const contextual = implement(kv, {
  ...unimplemented(KVDefinition),
  get: ({ key }, call) => ({ value: new TextEncoder().encode(key + call.path) }),
});
// @ts-expect-error a response with a field of the wrong type
export const wrongSpread = implement(kv, { ...unimplemented(KVDefinition), get: () => ({ value: 'text' }) });

@PluginService(KVDefinition)
export class Partly extends unimplemented(KVDefinition) implements Partial<ServiceOf<typeof KVDefinition>> {
  get({ key }: GetRequest) {
    return { value: new TextEncoder().encode(key) };
  }
}
export const partly = [implement(kv, new Partly()), implement(kv, async () => new Partly())];
export const pair = () => createGrpcPair(KVDefinition, new Partly());

// @ts-expect-error a method that does not fit the service
@PluginService(KVDefinition)
export class Wrong extends unimplemented(KVDefinition) {
  get() {
    return { value: 'text' };
  }
}
// @ts-expect-error a method that does not fit the service
export const wrong = implement(kv, new Wrong());
// @ts-expect-error methods are missing, and nothing stands in for them
export const missing = implement(kv, { get: () => ({ value }) });
