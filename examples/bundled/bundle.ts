import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import { handshake, plugins } from '../grpc-kv/contract.js';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

// #region bundle
/** Bundles the plugin and everything that it imports into one file, and puts `start.cjs` beside it. */
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

/** Escapes what esbuild does not (regular expressions, comments), so that the file is ASCII and can be read without decoding. */
function escapeNonAscii(code: string): string {
  return code.replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Leaves out, or loads later, what a start does not need. */
const smaller: esbuild.Plugin = {
  name: 'smaller',
  setup(build) {
    // For Node, rxjs resolves to CommonJS, which esbuild cannot tree-shake.
    const rxjs = fileURLToPath(new URL('dist/esm/index.js', import.meta.resolve('rxjs/package.json')));
    build.onResolve({ filter: /^rxjs$/ }, () => ({ path: rxjs, sideEffects: false }));
    // Do not use this for a plugin that imports grpc-js itself, or uses services or interceptors of grpc-js.
    build.onResolve({ filter: /^@grpc\/grpc-js$/ }, () => ({ path: here('grpc-js-subset.cjs') }));
    // Loaded on first use: for TLS, compression and the engine grpc-js.
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
/** Runs the bundle once and calls the methods that should be fast, so that their compiled code is stored. */
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
