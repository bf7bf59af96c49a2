/** Compiled with everything else: what must not compile is marked, and a mark that is not needed fails the build. */
import type { Observable } from 'rxjs';
import { type GetResponse, KVDefinition } from '../../examples/gen/kv.js';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import {
  type ClientOf,
  createClient,
  implement,
  type PluginClient,
  PluginService,
  type ServiceOf,
} from '../../src/index.js';

export async function wrongPluginName(client: PluginClient<typeof plugins>): Promise<void> {
  const kv: ClientOf<typeof KVDefinition> = await client.dispense('kv');
  const response$: Observable<GetResponse> = kv.get({ key: 'k' });
  // @ts-expect-error there is no such plugin in the set
  await client.dispense('nope');
  // @ts-expect-error the request has no such field
  kv.get({ kee: 'k' });
  // @ts-expect-error a key is text
  kv.get({ key: 7 });
  // @ts-expect-error there is no such method
  kv.fetch({ key: 'k' });
  void response$;
}

// @ts-expect-error methods are missing
@PluginService(KVDefinition)
export class Incomplete {
  get() {
    return { value: new Uint8Array(), revision: 1n };
  }
}

// @ts-expect-error a service that lacks methods does not fit the contract
export const incomplete = implement(plugins.kv, { get: () => ({}) });

export const wrongResponse: Pick<ServiceOf<typeof KVDefinition>, 'get'> = {
  // @ts-expect-error the value is bytes
  get: () => ({ value: 'text' }),
};

const ends = { handshake, plugins };
const runner = () => Promise.reject(new Error('never run'));

// @ts-expect-error nothing says what to run
export const nothingToRun = () => createClient({ ...ends });

// @ts-expect-error a command and a runner exclude each other
export const both = () => createClient({ ...ends, command: ['x'], runner });

// @ts-expect-error there is no plugin set
export const noPlugins = () => createClient({ handshake, command: ['x'] });
