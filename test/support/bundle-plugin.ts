import { mkdtempSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

/**
 * Bundles the plugin of examples/grpc-kv into a single file, in a directory of its own that nobody else can write to (the temporary
 * directory is not such a place). It is removed after the tests.
 */
export function bundlePlugin(): { readonly directory: string; readonly file: string } {
  const directory = mkdtempSync(join(homedir(), '.rxplug-test-'));
  after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'plugin.mjs');
  buildSync({
    entryPoints: [fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url))],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // What is in CommonJS requires Node's own modules.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: 'error',
  });
  return { directory, file };
}
