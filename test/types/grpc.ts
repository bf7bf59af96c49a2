/** Compiled, never run: what must and what must not type-check around generated definitions. */
import { type Observable, of } from 'rxjs';
import type { ImportResponse, KVDefinition, PutRequest, SyncRequest } from '../../examples/gen/kv.js';
import { KVDefinition as definition } from '../../examples/gen/kv.js';
import type {
  CallContext,
  ClientOf,
  MessageReadable,
  ServiceDefinition,
  ServiceOf,
  StreamCallContext,
} from '../../src/protocols/grpc/shared/service-definition.js';

/** As ts-proto writes it with its default `useExactTypes=true`. */
type DeepPartial<T> = T extends Uint8Array | string ? T : { [K in keyof T]?: DeepPartial<T[K]> };
type Exact<P, I extends P> = P extends Uint8Array | string
  ? P
  : P & { [K in keyof P]: Exact<P[K], I[K]> } & { [K in Exclude<keyof I, keyof P>]: never };
interface ExactMessage<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
  fromPartial<I extends Exact<DeepPartial<T>, I>>(object: I): T;
}
interface Method<Request, Response> {
  readonly name: 'Find';
  readonly requestType: ExactMessage<Request>;
  readonly requestStream: false;
  readonly responseType: ExactMessage<Response>;
  readonly responseStream: false;
}
interface ExactDefinition {
  readonly name: 'Finder';
  readonly fullName: 'test.Finder';
  readonly methods: { readonly find: Method<{ text: string; limit: { most: string } }, { found: Uint8Array }> };
}

export function exactTypes(client: ClientOf<ExactDefinition>): void {
  const found: Observable<{ found: Uint8Array }> = client.find({ text: 'a', limit: {} });
  // @ts-expect-error a field that the request does not have
  client.find({ name: 'a' });
  // @ts-expect-error a field of the wrong type, further in
  client.find({ limit: { most: 1 } });
  void found;
}

export const finder: ServiceOf<ExactDefinition> = { find: ({ text }) => of({ found: new TextEncoder().encode(text) }) };
// @ts-expect-error a response with a field of the wrong type
export const wrongFinder: ServiceOf<ExactDefinition> = { find: () => ({ found: 'text' }) };

type Client = ClientOf<typeof KVDefinition>;
type Service = ServiceOf<typeof KVDefinition>;

export const accepted: ServiceDefinition = definition;

export async function clientCalls(client: Client): Promise<void> {
  const got: Observable<{ value: Uint8Array; revision: bigint }> = client.get({ key: 'a' }, { timeoutMs: 10 });
  const defaults = client.get({});
  const imported: Observable<ImportResponse> = client.import([{ key: 'a', value: new Uint8Array(1) }]);
  const synced = client.sync(of({ id: 1, command: { $case: 'delete', delete: 'a' } }));
  const readable: MessageReadable<{ key: string }> = client.watch.readable({ prefix: '' });
  for await (const change of client.watch.readable({ prefix: '' })) change.key satisfies string;
  readable.pipe(process.stdout).end();

  // @ts-expect-error a field that the request does not have
  client.get({ name: 'a' });
  // @ts-expect-error a field of the wrong type
  client.get({ key: 1 });
  // @ts-expect-error a method that the service does not have
  client.fetch({ key: 'a' });
  // @ts-expect-error one message where a stream is due
  client.import({ key: 'a' });
  // @ts-expect-error a stream of wrong messages
  client.import(of({ name: 'a' }));
  // @ts-expect-error only streamed responses can be read slowly
  client.get.readable({ key: 'a' });
  // @ts-expect-error the response has no such field
  client.get({ key: 'a' }).subscribe((response) => response.name);
  void [got, defaults, imported, synced];
}

export class Store implements Service {
  get(request: { key: string }) {
    return of({ value: new TextEncoder().encode(request.key), revision: 1n });
  }
  async put(_request: PutRequest, call: CallContext) {
    call.trailers.set('a', 'b');
    return { revision: 1n };
  }
  async *watch() {
    yield { key: 'a' };
  }
  async import(_request$: Observable<PutRequest>, call: StreamCallContext<PutRequest>) {
    let entries = 0;
    for await (const request of call.requests) entries += request.key === '' ? 0 : 1;
    return { entries };
  }
  sync(request$: Observable<SyncRequest>) {
    return request$.pipe((source) => source) && of({ id: 1 });
  }
}

export const store: Service = new Store();
// @ts-expect-error two methods are missing
export const missing: Service = { get: store.get, put: store.put, watch: store.watch };
// @ts-expect-error a response with a field of the wrong type
export const wrongType: Service = { ...store, get: () => ({ value: 'text' }) };
// @ts-expect-error a response that has none of the fields
export const wrongField: Service = { ...store, get: () => of({ content: new Uint8Array(0) }) };
// @ts-expect-error a promise of the wrong response
export const wrongPromise: Service = { ...store, put: async () => ({ version: 1n }) };
// @ts-expect-error a request that the method does not get
export const wrongRequest: Service = { ...store, get: (request: { name: string }) => ({ value: request.name }) };
// @ts-expect-error one response where a stream is due
export const notAStream: Service = { ...store, watch: () => ({ key: 'a' }) };
// @ts-expect-error a stream of wrong responses
export const wrongStream: Service = { ...store, watch: () => of({ name: 'a' }) };
