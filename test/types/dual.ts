/** Compiled, never run: what must and what must not type-check around contracts of both protocols. */
import type { Observable } from 'rxjs';
import { KVDefinition } from '../../examples/gen/kv.js';
import { NetRpcMethod, NetRpcService } from '../../src/di/index.js';
import {
  type ClientOfContract,
  dualPlugin,
  grpcPlugin,
  implement,
  netRpcPlugin,
  type PluginClient,
  PluginService,
  type PluginSet,
  type ServiceOf,
  serve,
} from '../../src/index.js';
import { gob, method } from '../../src/net-rpc.js';

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

@PluginService(grpc)
class GrpcStore implements ServiceOf<typeof KVDefinition> {
  get = grpcService.get;
  put = grpcService.put;
  watch = grpcService.watch;
  import = grpcService.import;
  sync = grpcService.sync;
}
@NetRpcService()
class NetRpcStore {
  @NetRpcMethod(gob.string, gob.bytes)
  get(_key: string) {
    return new Uint8Array();
  }
}
const handshake = { magicCookieKey: 'A', magicCookieValue: 'b' };
export const serving = () =>
  serve({ handshake, plugins: { kv: { grpc: GrpcStore, netrpc: NetRpcStore } }, protocol: 'netrpc' });
// @ts-expect-error one protocol is missing
export const half = () => serve({ handshake, plugins: { kv: { grpc: GrpcStore } } });
// @ts-expect-error there are two protocols
export const third = () => serve({ handshake, plugins: { kv: GrpcStore }, protocol: 'http' });

type Size = ClientOfContract<typeof sized>;
export const size: Size = { size: () => 1 };
