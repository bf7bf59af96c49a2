/** Makes the files of packages/store, each ES module with its source map and its declarations, from what tsc has compiled. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { ES_MODULES } from './es-modules.mjs';

const folder = fileURLToPath(new URL('../packages/store/', import.meta.url));
const compiled = fileURLToPath(new URL('../dist/packages/store/src/', import.meta.url));
const out = join(folder, 'dist');
const { exports, dependencies, peerDependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

rmSync(out, { recursive: true, force: true });
await esbuild.build({
  ...ES_MODULES,
  absWorkingDir: folder,
  entryPoints: Object.values(exports).map(({ default: file }) => join(compiled, file.slice('./dist/'.length))),
  outdir: out,
  minifyWhitespace: true,
  sourcemap: true,
  // The command's own packages are bundled into its file, as those of `rxplug` are.
  external: Object.keys({ ...dependencies, ...peerDependencies }).flatMap((name) => [name, `${name}/*`]),
});
for (const file of readdirSync(compiled, { recursive: true, encoding: 'utf8' }))
  if (file.endsWith('.d.ts')) {
    mkdirSync(dirname(join(out, file)), { recursive: true });
    cpSync(join(compiled, file), join(out, file));
  }
