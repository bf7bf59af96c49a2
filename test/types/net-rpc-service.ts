/** Compiled, never run: what must and what must not type-check around classes that are served over net/rpc. */
import { of } from 'rxjs';
import { NetRpcMethod, NetRpcService } from '../../src/di/index.js';
import { type ClientOfContract, netRpcPlugin, type PluginClient, type ServiceOfContract } from '../../src/index.js';
import { gob, method, type NetRpcServiceCall } from '../../src/net-rpc.js';

const PutArgs = gob.struct('PutArgs', { Key: gob.string, Value: gob.bytes });
const kv = netRpcPlugin({
  put: method(PutArgs, gob.int),
  get: method(gob.string, gob.bytes),
  clear: method(gob.empty, gob.empty),
});

@NetRpcService()
export class Store implements ServiceOfContract<typeof kv> {
  @NetRpcMethod(PutArgs, gob.int)
  put({ Key, Value }: { Key: string; Value: Uint8Array }) {
    return Key.length + Value.length;
  }
  @NetRpcMethod(gob.string, gob.bytes)
  get(key: string, { broker, signal }: NetRpcServiceCall) {
    void [key, broker, signal];
    return of(new Uint8Array());
  }
  @NetRpcMethod(gob.empty, gob.empty)
  async clear() {}

  // @ts-expect-error the argument has other fields
  @NetRpcMethod(PutArgs, gob.int)
  otherFields({ Name }: { Name: string }) {
    return Name.length;
  }
  // @ts-expect-error the argument is narrower than what may come
  @NetRpcMethod(gob.string, gob.int)
  narrower(key: 'a' | 'b') {
    return key.length;
  }
  // @ts-expect-error the argument may be nil
  @NetRpcMethod(gob.pointer(gob.string), gob.int)
  never(text: string) {
    return text.length;
  }
  // @ts-expect-error the reply is a number
  @NetRpcMethod(gob.string, gob.int)
  otherReply(key: string) {
    return key;
  }
  // @ts-expect-error the reply is a number, also later
  @NetRpcMethod(gob.string, gob.int)
  async laterReply(key: string) {
    return key;
  }
  // @ts-expect-error a reply is due
  @NetRpcMethod(gob.string, gob.int)
  noReply() {}
  // @ts-expect-error more than an argument and the call never comes
  @NetRpcMethod(gob.string, gob.string)
  three(key: string, call: NetRpcServiceCall, more: string) {
    return `${key}${call.serviceMethod}${more}`;
  }
  // @ts-expect-error Go knows methods by name
  @NetRpcMethod(gob.string, gob.string)
  [Symbol.iterator](key: string) {
    return key;
  }
  // @ts-expect-error not a schema
  @NetRpcMethod(String, gob.string)
  noSchema(key: string) {
    return key;
  }
  // @ts-expect-error a field is not a method
  @NetRpcMethod(gob.string, gob.string)
  field = 'text';
}

// @ts-expect-error the contract has get, this has fetch
export class Misnamed implements ServiceOfContract<typeof kv> {
  put() {
    return 1;
  }
  @NetRpcMethod(gob.string, gob.bytes)
  fetch(key: string) {
    void key;
    return new Uint8Array();
  }
  clear() {}
}

export async function callsOf(host: PluginClient<{ readonly kv: typeof kv }>): Promise<void> {
  const client: ClientOfContract<typeof kv> = await host.dispense('kv');
  client.put({ Key: 'a', Value: new Uint8Array() }).subscribe((revision: number) => revision);
  client.clear();
  // @ts-expect-error the name is put
  client.Put({ Key: 'a', Value: new Uint8Array() });
  // @ts-expect-error a key is text
  client.get(7);
  // @ts-expect-error the reply is bytes
  client.get('a').subscribe((text: string) => text);
}
