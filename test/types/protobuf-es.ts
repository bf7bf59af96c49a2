/** Compiled, never run: what must and what must not type-check around services of protoc-gen-es. */

import { create } from '@bufbuild/protobuf';
import type { Observable } from 'rxjs';
import { createGrpcClient, fromProtobufEs, type GrpcChannel, type GrpcServer } from '../../src/grpc.js';
import {
  type ClientOf,
  grpcPlugin,
  implement,
  type PluginClient,
  PluginService,
  promiseClient,
  type ServiceOf,
  unimplemented,
} from '../../src/index.js';
import { createGrpcPair } from '../../src/testing/index.js';
import { type GetRequest, type GetResponse, GetResponseSchema, KV } from '../generators/gen/kv_pb.js';

export async function calls(client: ClientOf<typeof KV>): Promise<void> {
  const got: Observable<{ value: Uint8Array; revision: bigint }> = client.get({ key: 'a' }, { timeoutMs: 10 });
  const defaults = client.get({});
  const imported: Observable<{ entries: number; bytes: bigint }> = client.import([
    { key: 'a', value: new Uint8Array(1) },
  ]);
  const synced = client.sync([{ id: 1, command: { case: 'delete', value: 'a' } }]);
  for await (const change of client.watch.readable({ prefix: '' })) change.key satisfies string;
  // @ts-expect-error a field that the request does not have
  client.get({ name: 'a' });
  // @ts-expect-error a field of the wrong type
  client.get({ key: 1 });
  // @ts-expect-error a method that the service does not have
  client.fetch({ key: 'a' });
  // @ts-expect-error one message where a stream is due
  client.import({ key: 'a' });
  // @ts-expect-error only streamed responses can be read slowly
  client.get.readable({ key: 'a' });
  // @ts-expect-error the response has no such field
  client.get({ key: 'a' }).subscribe((response) => response.name);
  void [got, defaults, imported, synced];
}

export const store: Pick<ServiceOf<typeof KV>, 'get' | 'watch'> = {
  get: ({ key }) => ({ value: new TextEncoder().encode(key), revision: 1n }),
  watch: async function* ({ prefix }) {
    yield { key: prefix };
  },
};
// @ts-expect-error a response with a field of the wrong type
export const wrong: ServiceOf<typeof KV>['get'] = () => ({ value: 'text' });

const kv = grpcPlugin(KV);
const promised = grpcPlugin(KV, { view: promiseClient });
const complete: ServiceOf<typeof KV> = { ...unimplemented(KV), ...store };
export const served = [
  implement(kv, complete),
  implement(kv, { ...unimplemented(KV), get: ({ key }) => ({ revision: BigInt(key) }) }),
];
// @ts-expect-error methods are missing
export const incomplete = implement(kv, store);
// @ts-expect-error a response with a field of the wrong type
export const wrongly = implement(kv, { ...unimplemented(KV), get: () => ({ revision: 1 }) });

@PluginService(KV)
export class Store extends unimplemented(KV) implements Partial<ServiceOf<typeof KV>> {
  get({ key }: GetRequest) {
    return create(GetResponseSchema, { value: new TextEncoder().encode(key) });
  }
}

// @ts-expect-error a method that does not fit the service
@PluginService(KV)
export class WrongStore extends unimplemented(KV) {
  get() {
    return { value: 'text' };
  }
}

export async function ends(
  channel: GrpcChannel,
  server: GrpcServer,
  host: PluginClient<{ kv: typeof kv; promised: typeof promised }>,
) {
  const dispensed: ClientOf<typeof KV> = await host.dispense('kv');
  dispensed.get({ key: 'a' }) satisfies Observable<GetResponse>;
  (await (await host.dispense('promised')).get({ key: 'a' })) satisfies GetResponse;
  const definition = await fromProtobufEs(KV);
  createGrpcClient(channel, definition).get({ key: 'a' }) satisfies Observable<GetResponse>;
  server.addService(definition, new Store());
  // @ts-expect-error it is loaded with `fromProtobufEs`
  createGrpcClient(channel, KV);
  await using pair = await createGrpcPair(KV, new Store());
  pair.client.get({ key: 'a' }) satisfies Observable<GetResponse>;
}
