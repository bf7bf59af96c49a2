import { firstValueFrom } from 'rxjs';
import type { ServiceOfContract } from 'rxplug';
import { createNetRpcClient, createTypedClient, handlersOf } from 'rxplug/net-rpc';
import { decorator, type greeter, greetings } from '../netrpc-contracts.js';

/** GreeterRPC of `test/conformance/go/contract`. */
export function netRpcGreeter(): ServiceOfContract<typeof greeter> {
  const greeting = {
    Greet: () => 'Hello!',
    GreetName: (name: string) => {
      if (name === '') throw new Error('nobody to greet');
      return `Hello, ${name}!`;
    },
  };
  return {
    ...greeting,
    GreetThrough: async ({ Name, BrokerID }, { broker }) => {
      const rpc = createNetRpcClient(await broker.dial(BrokerID));
      await using decorating = createTypedClient(rpc, 'Plugin', decorator);
      return await firstValueFrom(decorating.Decorate(`Hello, ${Name}!`));
    },
    Offer: (_, { broker }) => {
      const id = broker.nextId();
      const services = new Map([['Plugin', handlersOf(greetings, greeting, broker)]]);
      // Nobody may come: the offer then ends by itself.
      broker.acceptAndServe(id, services).subscribe({ error: () => {} });
      return id;
    },
  };
}
