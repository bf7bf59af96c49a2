/** Compiled, never run: what must and what must not type-check around net/rpc contracts. */
import { type Observable, of } from 'rxjs';
import {
  type ClientOfContract,
  implement,
  netRpcPlugin,
  type PluginSet,
  type ServiceOfContract,
} from '../../src/index.js';
import { gob, type MuxBroker, method, type NetRpcServiceOf } from '../../src/net-rpc.js';

const methods = {
  Greet: method(gob.empty, gob.string),
  put: method(gob.struct('PutArgs', { Key: gob.string, Value: gob.bytes }), gob.int),
  maybe: method(gob.pointer(gob.string), gob.empty),
};
const contract = netRpcPlugin(methods);
export const set: PluginSet = { greeter: contract };

type Client = ClientOfContract<typeof contract>;
type Service = ServiceOfContract<typeof contract>;

export async function clientCalls(client: Client): Promise<void> {
  const greeting: Observable<string> = client.Greet();
  client.Greet({});
  const count: Observable<number> = client.put({ Key: 'a', Value: new Uint8Array(1) });
  client.maybe();
  client.maybe(null);
  await client[Symbol.asyncDispose]();
  void [greeting, count];

  // @ts-expect-error the argument is missing
  client.put();
  // @ts-expect-error a field is missing
  client.put({ Key: 'a' });
  // @ts-expect-error a field of the wrong type
  client.put({ Key: 'a', Value: 'text' });
  // @ts-expect-error a method that the contract does not have
  client.Nope();
  // @ts-expect-error the reply is a number
  client.put({ Key: 'a', Value: new Uint8Array(1) }).subscribe((reply: string) => reply);
}

export class Greeter implements Service {
  Greet() {
    return 'Hello!';
  }
  put({ Key }: { Key: string }) {
    return of(Key.length);
  }
  async maybe(name: string | null, { broker }: { broker: MuxBroker }) {
    broker.nextId();
    void name;
  }
}

const service: NetRpcServiceOf<typeof methods> = new Greeter();
export const implemented = [implement(contract, service), implement(contract, () => new Greeter())];
// @ts-expect-error two methods are missing
export const missing: Service = { Greet: () => 'x' };
// @ts-expect-error a reply of the wrong type
export const wrongReply: Service = { ...service, Greet: () => 5 };
// @ts-expect-error a reply is due
export const noReply: Service = { ...service, Greet: () => {} };
// @ts-expect-error an argument that the method does not get
export const wrongArgument: Service = { ...service, put: (args: { Name: string }) => args.Name.length };
// @ts-expect-error not an implementation of the contract
implement(contract, { Greet: () => 'x' });

const sided = netRpcPlugin({
  client: ({ rpc }) => ({ ask: () => rpc.call('Plugin.Ask', gob.string, 'x', gob.int) }),
  serve: (_answer: { answer: number }) => new Map(),
});
export const asked = (client: ClientOfContract<typeof sided>): Observable<number> => client.ask();
implement(sided, { answer: 42 });
// @ts-expect-error what `serve` wants is something else
implement(sided, { answer: '42' });
