/** Starts the plugin unbundled and bundled: `node dist/examples/bundled/host.js [directory]`. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import { handshake, plugins } from '../grpc-kv/contract.js';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const { 2: directory = here('out') } = process.argv;

for (const [title, file] of [
  ['unbundled', here('plugin.js')],
  ['bundled', join(directory, 'plugin.cjs')],
] as const) {
  const begin = performance.now();
  await using client = createClient({ command: [process.execPath, file], handshake, plugins });
  await client.start();
  const kv = await client.dispense('kv');
  const { revision } = await firstValueFrom(kv.put({ key: 'a', value: new Uint8Array(1) }));
  console.log(`${title}: revision ${revision}, answered after ${(performance.now() - begin).toFixed(0)} ms`);
}
