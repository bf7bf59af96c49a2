import { firstValueFrom, NEVER, of } from 'rxjs';
import { type ClientOfContract, implement, type ServiceContext } from '../../../src/protocols/contract.js';
import { BASIC_ERROR_NAME, BasicError, toBasicError } from '../../../src/protocols/netrpc/basic-error.js';
import {
  createTypedClient,
  handlersOf,
  type NetRpcClientContext,
  type NetRpcServiceOf,
  netRpcPlugin,
} from '../../../src/protocols/netrpc/contract.js';
import { createNetRpcClient } from '../../../src/protocols/netrpc/rpc-client.js';
import { method } from '../../../src/protocols/netrpc/rpc-service.js';
import { type GobSchema, gob } from '../../../src/wire/gob/index.js';
import { connectHost, type Host, type HostSetup, type Plugin, type PluginSetup, startPlugin } from './conversation.js';

const Any: GobSchema<{ type: string; value: unknown } | null> = gob.interface();
const Result = gob.struct('Result', { Value: gob.any, Err: Any, Own: gob.optional(BasicError) });

const methods = {
  greet: method(gob.empty, gob.string),
  Store: method(gob.struct('Put', { Key: gob.string, Value: gob.bytes }), gob.int),
  size: method(gob.string, gob.int),
  nothing: method(Any, gob.empty),
  fail: method(gob.string, Result),
  hang: method(gob.empty, gob.empty),
  upper: method(gob.uint32, gob.uint32),
  back: method(gob.uint32, gob.string),
};
const registry = gob.registry({ [BASIC_ERROR_NAME]: BasicError });
export const contract = netRpcPlugin(methods, { registry });

/** Each dispense has a map of its own. */
function storeService({ logger }: ServiceContext): NetRpcServiceOf<typeof methods> {
  const values = new Map<string, Uint8Array>();
  logger.info('made');
  return {
    greet: () => 'Hello!',
    Store: async ({ Key, Value }) => values.set(Key, Value).size,
    size: (key) => of(values.get(key)?.length ?? -1),
    nothing: () => {},
    fail: (text) => {
      if (text === 'in the value') return { Value: null, Err: null, Own: toBasicError(new Error(text)) };
      if (text === 'in an interface')
        return { Value: 1, Err: { type: BASIC_ERROR_NAME, value: { Message: text } }, Own: undefined };
      throw new Error(text);
    },
    hang: () => NEVER,
    // Takes an io.Reader by its id, gives an io.Writer's: what is read comes back in upper case.
    upper: async (readerId, { broker }) => {
      const writerId = broker.nextId();
      broker.accept(writerId).subscribe((writer) => {
        void broker.dial(readerId).then((reader) => {
          reader.on('data', (chunk: Buffer) => writer.write(chunk.toString().toUpperCase()));
          reader.on('end', () => writer.end());
        });
      });
      return writerId;
    },
    back: async (id, { broker }) => {
      const client = createNetRpcClient(await broker.dial(id));
      const text = await firstValueFrom(client.call('Plugin.Ask', gob.string, 'who?', gob.string));
      await client.close();
      return text;
    },
  };
}

/** The same with the broker in the client's hands. */
const withBroker = netRpcPlugin({
  client: ({ rpc, broker }: NetRpcClientContext) => ({ broker, store: createTypedClient(rpc, 'Plugin', methods) }),
  serve: (service: NetRpcServiceOf<typeof methods>, { broker }) => handlersOf(methods, service, broker),
  codec: { registry },
});
const implementations = { store: implement(contract, storeService), brokered: implement(withBroker, storeService) };
export const plugins = { store: contract, brokered: withBroker, other: contract };

export type StoreClient = ClientOfContract<typeof contract>;
export type BrokeredClient = ClientOfContract<typeof withBroker>;

export interface Rig {
  readonly plugin: Plugin;
  readonly host: Host;
  readonly store: () => Promise<StoreClient>;
  readonly brokered: () => Promise<BrokeredClient>;
  readonly close: () => Promise<void>;
}

/** A plugin and a host in this process. */
export async function rig(pluginSetup: PluginSetup = {}, hostSetup: HostSetup = {}): Promise<Rig> {
  const plugin = await startPlugin(implementations, pluginSetup);
  const host = await connectHost(plugin.dialer, plugins, hostSetup);
  return {
    plugin,
    host,
    store: async () => (await host.protocol.dispense('store')) as StoreClient,
    brokered: async () => (await host.protocol.dispense('brokered')) as BrokeredClient,
    close: async () => {
      await host.protocol.close();
      await plugin.serving.close();
    },
  };
}
