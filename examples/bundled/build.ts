/** Bundles the plugin: `node dist/examples/bundled/build.js [directory]`. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import { type BundleResult, bundle } from 'rxplug/bundle';
import { waiting } from '../../test/support/waiting.js';
import { handshake, plugins } from '../grpc-kv/contract.js';

// #region bundle
/** Makes `plugin.cjs`, with what V8 has compiled for it: with and without AutoMTLS, since hosts start it in both ways. */
export function bundlePlugin(directory: string): Promise<BundleResult> {
  return bundle({
    entry: fileURLToPath(new URL('plugin.js', import.meta.url)),
    outfile: join(directory, 'plugin.cjs'),
    record: async (command) => {
      for (const autoMtls of [false, true]) {
        await using client = createClient({ command, handshake, plugins, autoMtls });
        await client.start();
        const kv = await client.dispense('kv');
        await firstValueFrom(kv.put({ key: 'a', value: new Uint8Array(1) }));
      }
    },
  });
}
// #endregion bundle

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { 2: directory = fileURLToPath(new URL('out', import.meta.url)) } = process.argv;
  const making = bundlePlugin(directory);
  const { file } = await waiting('Bundling the plugin, and recording what V8 compiles of it', making);
  console.log(file);
}
