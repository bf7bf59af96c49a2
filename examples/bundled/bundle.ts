import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import { handshake, plugins } from '../grpc-kv/contract.js';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

// #region bundle
/** Makes one file of the plugin and all that it imports, and puts `start.cjs` beside it. */
export async function bundle(directory: string): Promise<void> {
  const { outputFiles } = await esbuild.build({
    entryPoints: [here('plugin.js')],
    write: false,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    plugins: [smaller],
  });
  await writeFile(join(directory, 'plugin.cjs'), escapeNonAscii(outputFiles[0]!.text));
  await copyFile(here('start.cjs'), join(directory, 'start.cjs'));
}

/** What esbuild leaves as it is, in regular expressions and comments; then the file can be read without decoding. */
function escapeNonAscii(code: string): string {
  return code.replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What need not be loaded at a start is left out, or loaded later. */
const smaller: esbuild.Plugin = {
  name: 'smaller',
  setup(build) {
    // On Node, rxjs offers itself in CommonJS, of which esbuild can leave out nothing.
    const rxjs = fileURLToPath(new URL('dist/esm/index.js', import.meta.resolve('rxjs/package.json')));
    build.onResolve({ filter: /^rxjs$/ }, () => ({ path: rxjs, sideEffects: false }));
    // Not for a plugin that adds services or interceptors of grpc-js, or imports it itself.
    build.onResolve({ filter: /^@grpc\/grpc-js$/ }, () => ({ path: here('grpc-words.cjs') }));
    // Loaded when first used: without TLS, compression and the stock engine, never.
    build.onResolve({ filter: /^node:(tls|zlib|http2)$/ }, ({ path, namespace }) =>
      namespace === 'lazy' ? { path, external: true } : { path, namespace: 'lazy' },
    );
    build.onLoad({ filter: /.*/, namespace: 'lazy' }, async ({ path }) => {
      const names = JSON.stringify(Object.keys((await import(path)) as object));
      const contents = `for (const name of ${names})
        Object.defineProperty(exports, name, { enumerable: true, get: () => require('${path}')[name] });`;
      return { contents };
    });
  },
};
// #endregion bundle

// #region record
/** Runs the bundle once, and calls what is to be fast, so that its compiled code is kept. */
export async function record(directory: string): Promise<void> {
  await using client = createClient({
    command: [process.execPath, join(directory, 'start.cjs')],
    env: { RXPLUG_RECORD: 'yes' },
    handshake,
    plugins,
  });
  await client.start();
  const kv = await client.dispense('kv');
  await firstValueFrom(kv.put({ key: 'a', value: new Uint8Array(1) }));
}
// #endregion record
