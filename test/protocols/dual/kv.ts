import { firstValueFrom } from 'rxjs';
import { KVDefinition } from '../../../examples/gen/kv.js';
import { dualPlugin, grpcPlugin, netRpcPlugin } from '../../../src/index.js';
import { gob, method } from '../../../src/net-rpc.js';

/** The store of the conformance programs, which speak it in both protocols. */

const PutArgs = gob.struct('PutArgs', { Key: gob.string, Value: gob.bytes });
const GetReply = gob.struct('GetReply', { Value: gob.bytes, Revision: gob.uint });

export const grpcKv = grpcPlugin(KVDefinition);
export const netRpcKv = netRpcPlugin({ put: method(PutArgs, gob.uint), get: method(gob.string, GetReply) });

/** A client of either, told apart. */
export const kv = dualPlugin({ grpc: grpcKv, netrpc: netRpcKv });

/** What both clients can do, whatever is spoken. */
export interface Kv {
  put(key: string, value: string): Promise<number>;
  get(key: string): Promise<string>;
}

/** One interface of both, as a Go host would have it. */
export const unified = dualPlugin({
  grpc: grpcKv,
  netrpc: netRpcKv,
  client: (spoken): Kv => {
    if (spoken.protocol === 'grpc') {
      const { client } = spoken;
      return {
        put: async (key, text) =>
          Number((await firstValueFrom(client.put({ key, value: Buffer.from(text) }))).revision),
        get: async (key) => Buffer.from((await firstValueFrom(client.get({ key }))).value).toString(),
      };
    }
    const { client } = spoken;
    return {
      put: (Key, text) => firstValueFrom(client.put({ Key, Value: Buffer.from(text) })),
      get: async (key) => Buffer.from((await firstValueFrom(client.get(key))).Value).toString(),
    };
  },
});

export const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_CONFORMANCE', magicCookieValue: 'hello' };
