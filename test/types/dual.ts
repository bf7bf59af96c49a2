/** Compiled, never run: what must and what must not type-check around contracts of both protocols. */
import type { Observable } from 'rxjs';
import { KVDefinition } from '../../examples/gen/kv.js';
import {
  type ClientOfContract,
  dualPlugin,
  gob,
  grpcPlugin,
  implement,
  method,
  netRpcPlugin,
  type PluginClient,
  type PluginSet,
  type ServiceOf,
} from '../../src/index.js';

const grpc = grpcPlugin(KVDefinition);
const netrpc = netRpcPlugin({ get: method(gob.string, gob.bytes) });
const kv = dualPlugin({ grpc, netrpc });
const sized = dualPlugin({ grpc, netrpc, client: ({ protocol }) => ({ size: () => protocol.length }) });
export const set: PluginSet = { kv, sized, old: kv.netrpc, young: kv.grpc };

export async function calls(host: PluginClient<{ readonly kv: typeof kv; readonly sized: typeof sized }>) {
  const spoken = await host.dispense('kv');
  if (spoken.protocol === 'grpc') {
    const revision$: Observable<{ revision: bigint }> = spoken.client.put({ key: 'a', value: new Uint8Array() });
    // @ts-expect-error a string is what net/rpc takes
    spoken.client.get('a');
    void revision$;
  } else {
    const value$: Observable<Uint8Array> = spoken.client.get('a');
    // @ts-expect-error net/rpc has no put
    spoken.client.put({ key: 'a', value: new Uint8Array() });
    void value$;
  }
  // @ts-expect-error which client it is, is not known
  spoken.client.put({ key: 'a', value: new Uint8Array() });
  // @ts-expect-error there are two protocols
  void (spoken.protocol === 'http');
  const size: number = (await host.dispense('sized')).size();
  void size;
}

declare const grpcService: ServiceOf<typeof KVDefinition>;
const get = () => new Uint8Array();
export const served = [
  implement(kv, { grpc: grpcService, netrpc: { get } }),
  implement(kv, {
    grpc: ({ broker }) => (void broker.lend, grpcService),
    netrpc: ({ broker }) => (broker.nextId(), { get }),
  }),
];
// @ts-expect-error one protocol is missing
implement(kv, { grpc: grpcService });
// @ts-expect-error the net/rpc side has no get
implement(kv, { grpc: grpcService, netrpc: {} });
// @ts-expect-error the wrong way round
implement(kv, { grpc: { get }, netrpc: grpcService });
// @ts-expect-error the wrong way round
dualPlugin({ grpc: netrpc, netrpc: grpc });
// @ts-expect-error one protocol is missing
dualPlugin({ grpc });

type Size = ClientOfContract<typeof sized>;
export const size: Size = { size: () => 1 };
