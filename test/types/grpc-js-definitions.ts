/** Compiled, never run: what must and what must not type-check around definitions for grpc-js. */
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import type { MethodDefinition as LoadedMethod } from '@grpc/proto-loader';
import { map, type Observable } from 'rxjs';
import { fromGrpcJs } from '../../src/grpc.js';
import { type ClientOf, grpcPlugin, implement, promiseClient, type ServiceOf } from '../../src/index.js';

interface Request {
  readonly key: string;
}
interface Response {
  readonly value: Buffer;
}

/** As ts-proto and grpc-tools write it. */
interface Generated {
  readonly get: MethodDefinition<Request, Response> & { readonly requestStream: false; readonly responseStream: false };
  readonly watch: MethodDefinition<Request, Response> & {
    readonly requestStream: false;
    readonly responseStream: true;
  };
}
declare const generated: Generated;
const definition = fromGrpcJs(generated);
const kv = grpcPlugin(definition, { view: promiseClient });

export function calls(client: ClientOf<typeof definition>): void {
  const got: Observable<Response> = client.get({ key: 'a' }, { timeoutMs: 10 });
  const watched: Observable<Response> = client.watch({ key: 'a' });
  client.watch.readable({ key: 'a' });
  // @ts-expect-error a field of the wrong type
  client.get({ key: 1 });
  // @ts-expect-error a method that the service does not have
  client.fetch({ key: 'a' });
  void [got, watched];
}

export const served = implement(kv, {
  get: ({ key }) => ({ value: Buffer.from(key) }),
  async *watch({ key }) {
    yield { value: Buffer.from(key) };
  },
});
// @ts-expect-error a response with a field of the wrong type
export const wrong = implement(kv, { get: () => ({ value: 'text' }), watch: () => [] });

/** As proto-loader-gen-types writes it: the kinds of methods are in none of the types. */
interface Loaded extends ServiceDefinition {
  Get: LoadedMethod<Partial<Request>, Partial<Response>, Request, Response>;
}
declare const loaded: Loaded;
const untold = fromGrpcJs(loaded);

export async function untoldCalls(client: ClientOf<typeof untold>): Promise<void> {
  client.Get({}) satisfies Observable<Response>;
  client.Get([{ key: 'a' }]) satisfies Observable<Response>;
  client.Get.readable?.({ key: 'a' });
  void (promiseClient(client).Get({}) satisfies Promise<Response> | AsyncIterable<Response>);
  // @ts-expect-error a field of the wrong type
  client.Get({ key: 1 });
  // @ts-expect-error a method that the types do not name
  client.Fetch({});
}

export const untoldServices: ServiceOf<typeof untold>[] = [
  { Get: ({ key }: Request) => ({ value: Buffer.from(key) }) },
  {
    Get: async function* ({ key }: Request) {
      yield { value: Buffer.from(key) };
    },
  },
  { Get: (request$: Observable<Request>) => request$.pipe(map(({ key }) => ({ value: Buffer.from(key) }))) },
];
// @ts-expect-error a response with a field of the wrong type
export const wrongUntold: ServiceOf<typeof untold> = { Get: () => ({ value: 'text' }) };

/** As proto-loader gives it without generated types: by any name. */
declare const untyped: ServiceDefinition;
export const anyName = (client: ClientOf<ReturnType<typeof fromGrpcJs<typeof untyped>>>) =>
  client['Get']?.({ key: 'a' });
// @ts-expect-error no definition
export const nothing = () => fromGrpcJs({ get: 1 });
