import { fileURLToPath } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { createClient, type ServiceOf } from 'rxplug';
import { RefereeDefinition } from '../gen/merge.js';
import { handshake, plugins } from './contract.js';

// #region referee
/** Runs in the host; the plugin calls it. */
const referee: ServiceOf<typeof RefereeDefinition> = {
  decide({ key, ours, theirs }) {
    console.log(`conflict about ${key}: ${ours} or ${theirs}?`);
    return { value: ours.length >= theirs.length ? ours : theirs };
  },
};
// #endregion referee

// By default the plugin in TypeScript; another one is given as arguments: `node host.js ./merger-in-go`.
const ours: [string, ...string[]] = [process.execPath, fileURLToPath(new URL('plugin.js', import.meta.url))];
const [file, ...args] = process.argv.slice(2);
const command: [string, ...string[]] = file === undefined ? ours : [file, ...args];

await using client = createClient({ command, handshake, plugins, autoMtls: true });
await client.start();
const merger = await client.dispense('merger');

// #region lend
// Serves the referee while the call runs.
const merged$ = client.broker.lend(RefereeDefinition, referee, (id) =>
  merger.merge({
    ours: { title: 'Plugins', author: 'Ada', licence: 'MPL-2.0' },
    theirs: { title: 'Plugins in Node', author: 'Ada', year: '2026' },
    referee: id,
  }),
);
const { merged } = await firstValueFrom(merged$);
// #endregion lend
for (const key of Object.keys(merged).toSorted()) console.log(`${key} = ${merged[key]}`);
