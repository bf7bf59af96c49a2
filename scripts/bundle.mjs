/**
 * Makes the package's files from what tsc has compiled, each ES module with its source map (docs/decisions/015-published-files.md):
 *
 *   core.js        everything that `rxplug` loads at once
 *   index.js, …    one for each entry of package.json: names of the core, and what only this entry needs
 *   lazy-….js      what is loaded when it is used, by `import()`
 *   chunk-….js     what several of these share
 *
 * `dist/node` requires CommonJS packages, `dist/bundler` imports everything. In `dist/cjs` each entry has a CommonJS file that requires the
 * one in `dist/node`, with declarations (docs/decisions/018-commonjs.md).
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';
import { lazyBuiltins } from './lazy-builtins.mjs';
import { requirePackages } from './require-packages.mjs';

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
const graph = await importGraph();
const core = staticClosure(entries.index);
const lazy = new Map(
  lazyTargets().map((file) => [file, `lazy-${relative(compiled, file).replace(/\.js$/, '').replaceAll('/', '-')}`]),
);
const nameInCore = (name, file) => `${name}$${core.indexOf(file)}`;

async function build(outdir, plugins) {
  const options = {
    absWorkingDir: root,
    outdir,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    sourcemap: true,
    logLevel: 'warning',
  };
  const contents = (await Promise.all(core.map((file) => exportsOf(file, file)))).join('\n');
  await Promise.all([
    esbuild.build({
      ...options,
      stdin: { contents, resolveDir: root },
      entryNames: 'core',
      plugins: [importLazily, lazyBuiltins, ...plugins],
    }),
    esbuild.build({
      ...options,
      entryPoints: { ...entries, ...Object.fromEntries([...lazy].map(([file, name]) => [name, file])) },
      splitting: true,
      chunkNames: 'chunk-[hash]',
      plugins: [importLazily, importFromCore, lazyBuiltins, ...plugins],
    }),
  ]);
}

function rewriteFiles(outdir, rewrite) {
  for (const name of readdirSync(join(root, outdir)).filter((file) => file.endsWith('.js'))) {
    const file = join(root, outdir, name);
    writeFileSync(file, rewrite(readFileSync(file, 'utf8')));
  }
}

/**
 * Empties the lines with imports of nothing, which esbuild writes for side effects. No file has any, as package.json says, and bundlers
 * would warn of each.
 */
const withoutBareImports = (text) => text.replaceAll(/^import "\.\/[^"]+";$/gm, '');

/** Of text that is not ASCII Node makes a string with two bytes for each character. esbuild leaves it in comments and regular expressions. */
const inAscii = (text) =>
  text.replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Removes the declarations that no entry's declarations lead to: half of them. */
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
    if (path.endsWith('.d.ts') && !reached.has(file)) rmSync(file);
  }
}

/** A file that requires each entry, with the same declarations as for `import`. */
function writeCommonJs(outdir) {
  const directory = join(root, outdir);
  mkdirSync(directory);
  for (const [name, file] of Object.entries(entries)) {
    const declarations = relative(directory, file).replaceAll('\\', '/');
    writeFileSync(join(directory, `${name}.cjs`), `'use strict';\nmodule.exports = require('../node/${name}.js');\n`);
    writeFileSync(
      join(directory, `${name}.d.cts`),
      `// @ts-ignore Before 5.8, TypeScript does not know that Node requires ES modules.\nexport * from '${declarations}';\n`,
    );
  }
}

/** A statement that exports the names of a file from a module, as they are called in the core. */
async function exportsOf(file, from) {
  const names = Object.keys(await import(pathToFileURL(file).href));
  const list = names.map((name) =>
    from === file ? `${name} as ${nameInCore(name, file)}` : `${nameInCore(name, file)} as ${name}`,
  );
  return list.length === 0 ? '' : `export { ${list.join(', ')} } from ${JSON.stringify(from)};`;
}

/** What is imported by `import()` is a file of its own. */
const importLazily = {
  name: 'import-lazily',
  setup({ onResolve }) {
    onResolve({ filter: /^\./ }, ({ path, kind, resolveDir }) => {
      const name = kind === 'dynamic-import' ? lazy.get(resolve(resolveDir, path)) : undefined;
      return name === undefined ? undefined : { path: `./${name}.js`, external: true };
    });
  },
};

/** What the core has is imported from it, under the names that it has there. */
const importFromCore = {
  name: 'import-from-core',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/core\.js$/ }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /\/dist\/src\/.*\.js$/ }, async ({ path }) => ({ contents: await fromCore(path) }));
  },
};

/** The text of a compiled file, with its lines where they were. */
async function fromCore(file) {
  const text = readFileSync(file, 'utf8');
  const statements = [...text.matchAll(/^(import|export) (\*|\{[^}]*\}) from '(\.[^']+)';/gm)];
  let result = text;
  for (const [statement, keyword, list, path] of statements) {
    const from = resolve(dirname(file), path);
    if (!core.includes(from)) continue;
    const rewritten =
      list === '*' ? await exportsOf(from, './core.js') : `${keyword} ${inCore(list, from)} from './core.js';`;
    result = result.replace(statement, () => rewritten);
  }
  return result;
}

/** `{ a, b as c }` → `{ a$7 as a, b$7 as c }` */
function inCore(list, file) {
  return list.replaceAll(
    /(\w+)(?: as (\w+))?(?=\s*[,}])/g,
    (_, name, local = name) => `${nameInCore(name, file)} as ${local}`,
  );
}

/** What each compiled file imports: `{ file, isLazy }`. */
async function importGraph() {
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: Object.values(entries),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    write: false,
    outdir: 'dist',
    metafile: true,
    treeShaking: false,
  });
  return new Map(
    Object.entries(metafile.inputs).map(([file, { imports }]) => [
      join(root, file),
      imports
        .filter(({ external }) => !external)
        .map(({ path, kind }) => ({ file: join(root, path), isLazy: kind === 'dynamic-import' })),
    ]),
  );
}

/** A file and what it imports at once, and so on. */
function staticClosure(file, found = []) {
  if (found.includes(file)) return found;
  found.push(file);
  for (const imported of graph.get(file) ?? []) if (!imported.isLazy) staticClosure(imported.file, found);
  return found;
}

function lazyTargets() {
  const targets = [...graph.values()].flat().filter(({ isLazy }) => isLazy);
  return [...new Set(targets.map(({ file }) => file))];
}

await Promise.all([build('dist/node', [requirePackages]), build('dist/bundler', [])]);
for (const outdir of ['dist/node', 'dist/bundler']) rewriteFiles(outdir, (text) => inAscii(withoutBareImports(text)));
writeCommonJs('dist/cjs');
pruneDeclarations();
