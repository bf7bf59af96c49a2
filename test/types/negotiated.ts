/** Compiled with everything else: what must not compile is marked, and a mark that is not needed fails the build. */
import { firstValueFrom, map } from 'rxjs';
import { GreeterDefinition } from '../../examples/gen/greeter.js';
import { KVDefinition } from '../../examples/gen/kv.js';
import { handshake, versionedPlugins } from '../../examples/negotiated/contract.js';
import { createClient, grpcPlugin, launch, type NegotiatedPlugins, type PluginClient } from '../../src/index.js';

const command = ['./plugin'] as const;

/** The same name with another contract in each version. */
const renewed = { 1: { store: grpcPlugin(KVDefinition) }, 2: { store: grpcPlugin(GreeterDefinition) } };

export async function narrows(): Promise<void> {
  const client = createClient({ command, handshake, versionedPlugins });
  // What every version has.
  await client.dispense('kv');
  // @ts-expect-error version 2 has no probe
  await client.dispense('probe');
  const { negotiated } = client;
  // @ts-expect-error it may not have started
  void negotiated.version;
  if (negotiated === undefined) return;
  const version: 2 | 3 = negotiated.version;
  // @ts-expect-error there is no such version
  if (negotiated.version === 4) return;
  if (negotiated.version === 3) await firstValueFrom((await negotiated.dispense('probe')).describe({}));
  // @ts-expect-error version 2 has no probe
  else await negotiated.dispense('probe');
  void version;
}

export async function sameNameOtherContract(): Promise<void> {
  const { negotiated } = createClient({ command, handshake, versionedPlugins: renewed });
  if (negotiated?.version === 1) (await negotiated.dispense('store')).get({ key: 'a' });
  if (negotiated?.version === 2) (await negotiated.dispense('store')).greet({ name: 'Ada' });
  // @ts-expect-error that is the store of version 2
  if (negotiated?.version === 1) (await negotiated.dispense('store')).greet({ name: 'Ada' });
}

export const launched$ = launch({ command, handshake, versionedPlugins }).pipe(
  map(({ negotiated }) => (negotiated?.version === 3 ? negotiated.dispense('probe') : undefined)),
);

/** One set, and a client of versions that is passed on as one of all of them. */
export async function others(
  client: PluginClient<(typeof renewed)[1]>,
  versions: Readonly<Record<number, (typeof renewed)[1]>>,
): Promise<void> {
  const both: PluginClient<(typeof versionedPlugins)[2 | 3]> = createClient({ command, handshake, versionedPlugins });
  const negotiated: NegotiatedPlugins<number, (typeof renewed)[1]> | undefined = client.negotiated;
  const one = createClient({ command, handshake, plugins: renewed[1] });
  await one.negotiated?.dispense('store');
  // @ts-expect-error there is no such plugin in the set
  await one.negotiated?.dispense('probe');
  const some = createClient({ command, handshake, versionedPlugins: versions });
  await some.negotiated?.dispense('store');
  void [both, negotiated];
}
