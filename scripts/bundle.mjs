/**
 * Makes the package's files from what tsc has compiled, each ES module with its source map (docs/decisions/015-published-files.md):
 *
 *   dist/lib/index.js, …   one for each entry of package.json
 *   dist/lib/parts         what they share, and what is loaded by `import()`
 *   dist/lib/imported      packages of CommonJS, for bundlers; `required` for Node
 *   dist/cjs               a CommonJS file for each entry, with declarations (docs/decisions/018-commonjs.md)
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { ES_MODULES } from './es-modules.mjs';
import { lazyBuiltins } from './lazy-builtins.mjs';
import { externalPackages, writePackages } from './packages.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiled = join(root, 'dist/src');
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The compiled files of the entries, by the names of the published files: `index` for `.`, `di` for `./di`. */
const entries = Object.fromEntries(
  Object.entries(exports).map(([name, { types }]) => [
    name.slice(2) || 'index',
    join(root, types.default.replace(/\.d\.ts$/, '.js')),
  ]),
);

/** What `import()` loads, by the names of the published files. */
const PARTS = {
  'grpc-plugin': 'protocols/grpc/grpc-serving',
  'grpc-host': 'protocols/grpc/grpc-conversation',
  reflection: 'protocols/grpc/services/reflection-answers',
  multiplexing: 'protocols/grpc/broker/multiplexing',
  secure: 'runners/secure/open-verified',
  'net-rpc-calls': 'protocols/netrpc/rpc-client',
  'net-rpc-client': 'protocols/netrpc/client-protocol',
  'net-rpc-server': 'protocols/netrpc/server-protocol',
  'grpc-js-channel': 'protocols/grpc/grpc-js/engine/channel',
  'grpc-js-server': 'protocols/grpc/grpc-js/engine/server',
  endpoint: 'host/start/connect-endpoint',
  'host-container': 'di/host-container',
  'plugin-container': 'di/plugin-container',
};
const parts = Object.fromEntries(
  Object.entries(PARTS).map(([name, file]) => [`parts/${name}`, join(compiled, `${file}.js`)]),
);

/** A plugin with gRPC, and a host with gRPC, need these besides `index`, and most of it is the same. */
const WHOLE = ['parts/grpc-plugin', 'parts/grpc-host'];

/** What an entry or a part reaches besides what it imports. */
function reachedBy(name) {
  if (name === 'index') return [];
  return WHOLE.includes(name) ? ['index'] : ['index', ...WHOLE];
}

/**
 * esbuild makes a file of what the same entries reach, dozens if left alone. Therefore all reach `index`, and all but these the rest of
 * gRPC: imports that have no effect, and which `tidied` removes.
 */
const reachMore = {
  name: 'reach-more',
  setup({ onResolve, onLoad }) {
    const names = new Map(Object.entries({ ...entries, ...parts }).map(([name, file]) => [file, name]));
    onResolve({ filter: /^reached:/ }, ({ path }) => ({
      path: { ...entries, ...parts }[path.slice('reached:'.length)],
    }));
    onLoad({ filter: /\/dist\/src\/.*\.js$/ }, ({ path }) => {
      if (!names.has(path)) return;
      const imports = reachedBy(names.get(path)).map((name) => `import 'reached:${name}';`);
      return { contents: `${imports.join(' ')} ${readFileSync(path, 'utf8')}` };
    });
  },
};

async function bundle(outdir) {
  const { outputFiles } = await esbuild.build({
    ...ES_MODULES,
    absWorkingDir: root,
    entryPoints: { ...entries, ...parts },
    outdir,
    write: false,
    // Without comments, a quarter less. Names are kept, and lines short, since Node prints the one of an uncaught error.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: true,
    logOverride: { 'ignored-bare-import': 'silent' },
    plugins: [reachMore, lazyBuiltins, externalPackages],
  });
  mkdirSync(join(outdir, 'parts'), { recursive: true });
  for (const { path, text } of outputFiles) writeFileSync(path, path.endsWith('.js') ? tidied(text) : text);
}

/**
 * Blanks imports of nothing, which esbuild writes for side effects: no file has any, as package.json says. Of text that is not ASCII Node
 * makes a string with two bytes for each character; esbuild leaves it in regular expressions.
 */
function tidied(text) {
  return text
    .replaceAll(/\bimport"(?:\.|#packages\/)[^"]+";/g, (statement) => ' '.repeat(statement.length))
    .replaceAll(/(?<=^|;) +$/gm, '')
    .replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Removes the declarations that no entry's declarations lead to: half of them. What stays is indented with tabs, which takes less. */
function pruneDeclarations() {
  const reached = new Set();
  const reach = (file) => {
    if (reached.has(file)) return;
    reached.add(file);
    const text = readFileSync(file, 'utf8').replaceAll(/\/\*[^]*?\*\//g, '');
    for (const [, path] of text.matchAll(/(?:from|import\()\s*["'](\.[^"']+)\.js["']/g))
      reach(resolve(dirname(file), `${path}.d.ts`));
  };
  for (const file of Object.values(entries)) reach(file.replace(/\.js$/, '.d.ts'));
  for (const path of readdirSync(compiled, { recursive: true })) {
    const file = join(compiled, path);
    if (!path.endsWith('.d.ts')) continue;
    if (reached.has(file)) writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/^(?: {4})+/gm, indentedByTabs));
    else rmSync(file);
  }
}

const indentedByTabs = (spaces) => '\t'.repeat(spaces.length / 4);

/** The command line is a user of the package. Its parser of arguments is in its own files, so that the package has no dependency for it. */
function bundleCommandLine(outdir) {
  return esbuild.build({
    ...ES_MODULES,
    absWorkingDir: root,
    entryPoints: { main: join(compiled, 'cli/main.js'), relay: join(compiled, 'cli/relay.js') },
    outdir,
    external: ['rxplug', 'rxjs', '@bufbuild/protobuf'],
    minify: true,
  });
}

/** A file that requires each entry, with the same declarations as for `import`. */
function writeCommonJs(directory) {
  mkdirSync(directory);
  for (const [name, file] of Object.entries(entries)) {
    const declarations = relative(directory, file).replaceAll('\\', '/');
    writeFileSync(join(directory, `${name}.cjs`), `'use strict';\nmodule.exports = require('../lib/${name}.js');\n`);
    writeFileSync(
      join(directory, `${name}.d.cts`),
      `// @ts-ignore Before 5.8, TypeScript does not know that Node requires ES modules.\nexport * from '${declarations}';\n`,
    );
  }
}

// esbuild takes `paths` from the tsconfig.json above a file: to programs below dist, rxplug is the published package.
writeFileSync(join(root, 'dist/tsconfig.json'), '{}\n');
const lib = join(root, 'dist/lib');
await bundle(lib);
await bundleCommandLine(join(root, 'dist/cli'));
writePackages(lib, compiled);
writeCommonJs(join(root, 'dist/cjs'));
pruneDeclarations();
