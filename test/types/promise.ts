/** Compiled, never run: what must and what must not type-check around clients in the Promise form. */
import { Observable, of } from 'rxjs';
import { type Change, type ImportResponse, KVDefinition, type SyncResponse } from '../../examples/gen/kv.js';
import { injectPlugin, pluginToken } from '../../src/di/index.js';
import {
  type ClientOf,
  type ClientOfContract,
  dualPlugin,
  grpcPlugin,
  implement,
  netRpcPlugin,
  type PluginClient,
  type PromiseClient,
  promiseClient,
  type ServiceOf,
} from '../../src/index.js';
import { gob, method } from '../../src/net-rpc.js';
import { createGrpcPair, createPluginPair } from '../../src/testing/index.js';

const kv = grpcPlugin(KVDefinition, { view: promiseClient });
const sizes = grpcPlugin(KVDefinition, { view: (client) => ({ size: (key: string) => client.get({ key }) }) });
const greeter = netRpcPlugin({
  greet: method(gob.string, gob.string),
  reset: method(gob.struct('Nothing', {}), gob.bool),
});
const both = dualPlugin({ grpc: kv, netrpc: greeter });
const promisedGreeter = netRpcPlugin({ greet: method(gob.string, gob.string) }, { view: promiseClient, limits: {} });
const plugins = { kv, sizes, greeter, both, promised: promisedGreeter };
const bytes = new Uint8Array();

export async function calls(client: PluginClient<typeof plugins>): Promise<void> {
  const dispensed: PromiseClient<ClientOf<typeof KVDefinition>> = await client.dispense('kv');
  const got: Promise<{ value: Uint8Array; revision: bigint }> = dispensed.get({ key: 'a' }, { timeoutMs: 10 });
  const imported: Promise<ImportResponse> = dispensed.import([{ key: 'a', value: bytes }]);
  const more = dispensed.import(
    (async function* () {
      yield { key: 'a' };
    })(),
    { signal: AbortSignal.timeout(1) },
  );
  for await (const change of dispensed.watch({ prefix: '' }, { timeoutMs: 10 })) change satisfies Change;
  const synced: AsyncIterable<SyncResponse> = dispensed.sync([{ id: 1, command: { $case: 'delete', delete: 'a' } }]);

  // @ts-expect-error a field that the request does not have
  void dispensed.get({ name: 'a' });
  // @ts-expect-error an option that a call does not have
  void dispensed.get({ key: 'a' }, { timeout: 10 });
  // @ts-expect-error one message where a stream is due
  void dispensed.import({ key: 'a' });
  // @ts-expect-error a stream of wrong messages
  void dispensed.import([{ name: 'a' }]);
  // @ts-expect-error an Observable cannot be pulled
  void dispensed.import(of({ key: 'a' }));
  // @ts-expect-error a Promise has no operators
  void dispensed.get({ key: 'a' }).pipe();
  // @ts-expect-error many responses are no Promise
  void dispensed.watch({ prefix: '' }).then(String);
  // @ts-expect-error the AsyncIterable is the stream that is read slowly
  dispensed.watch.readable({ prefix: '' });
  void [got, imported, more, synced];

  const { size } = await client.dispense('sizes');
  size('a') satisfies Observable<{ revision: bigint }>;
  // @ts-expect-error a key is text
  size(1);
}

export async function dual(client: PluginClient<typeof plugins>): Promise<void> {
  const spoken = await client.dispense('both');
  if (spoken.protocol === 'grpc') (await spoken.client.put({ key: 'a', value: bytes })).revision satisfies bigint;
  else spoken.client.greet('Ada') satisfies Observable<string>;

  (await (await client.dispense('promised')).greet('Ada')) satisfies string;
  // @ts-expect-error the argument is text
  void (await client.dispense('promised')).greet(1);
  const promised = promiseClient(await client.dispense('greeter'));
  (await promised.greet('Ada')) satisfies string;
  (await promised.reset()) satisfies boolean;
  await promised[Symbol.asyncDispose]();
  // @ts-expect-error the argument is text
  void promised.greet(['Ada']);
}

declare const service: ServiceOf<typeof KVDefinition>;
export const served = [
  implement(kv, service),
  implement(both, { grpc: service, netrpc: { greet: String, reset: Boolean } }),
];
// @ts-expect-error the view is the host's: a plugin implements the service all the same
export const unserved = implement(kv, { get: () => ({}) });

export class Importer {
  constructor(@injectPlugin('kv') private readonly store: ClientOfContract<typeof kv>) {}

  async import(): Promise<bigint> {
    const token = pluginToken<ClientOfContract<typeof kv>>('kv');
    void token;
    return (await this.store.put({ key: 'a', value: bytes })).revision;
  }
}

export async function pairs(): Promise<void> {
  await using pair = await createGrpcPair(kv, service);
  (await pair.client.get({ key: 'a' })).revision satisfies bigint;
  await using set = await createPluginPair({ kv }, { kv: implement(kv, service) });
  (await (await set.dispense('kv')).get({ key: 'a' })).revision satisfies bigint;
}

/** An empty message is no stream of requests. */
type Emptied = PromiseClient<{ clear(request: object, options?: object): Observable<object> }>;
export const emptied: Emptied = promiseClient({ clear: (request: object, _options?: object) => of(request) });
void emptied.clear({});
