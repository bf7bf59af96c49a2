import type { OutputFile } from 'esbuild';

/** The output file of the program's entry. */
export const ENTRY = 'entry';

/** For a `require` from elsewhere esbuild copies the exports: a getter that calls a getter. */
const COPIED = /module\.exports = __toCommonJS(?=\(\w+\);)/;

/** What esbuild calls the exports of an output file that it has as a text, without a name. */
const EXPORTED = 'stdin_exports';

/**
 * Where esbuild defines the exports: one property after the other, each by a function from an object of functions. A literal with getters
 * takes V8 an eighth of the instructions.
 */
const EXPORTS = new RegExp(String.raw`^__export\(${EXPORTED}, \{\n((?:  .+: \(\) => .+\n)*)\}\);\n`, 'm');
const EXPORT = /^  (?<name>.+): \(\) => (?<value>[^,\n]+)/gm;

/** What esbuild makes of the beginning of `import(…)` for a target that has none. */
const IMPORT = 'Promise.resolve().then(() => __toESM(require(';

/**
 * The output files of esbuild, in CommonJS, as one program. Each is a function that is called when it is first needed. V8 then compiles
 * and stores nothing of those that are imported by `import()` and were never used. In one scope it has to know each function of theirs.
 *
 * What is not among them is imported by `importModule`, a function of a file that Node has loaded: for `import()` in stored code V8 of
 * Node 20 does not know whose it is, and throws.
 */
export function joinChunks(chunks: ReadonlyMap<string, string>): string {
  const functions = [...chunks].map(
    ([path, text]) => `${JSON.stringify(path)}(exports, require, module) {${withImport(text)}\n}`,
  );
  return `const chunks = {
${functions.join(',\n')}
};
const loaded = new Map();
const load = (path) => {
  if (!Object.hasOwn(chunks, path)) return require(path);
  if (!loaded.has(path)) {
    const module = { exports: {} };
    loaded.set(path, module);
    chunks[path](module.exports, requireChunk, module);
  }
  return loaded.get(path).exports;
};
const requireChunk = Object.assign((path) => load(path), require, {
  import: async (path) => Object.hasOwn(chunks, path) ? load(path) : importModule(path),
});
load('./${ENTRY}.js');`;
}

/** What an output file is called where another imports it. */
export function pathOf({ path }: OutputFile): string {
  return `./${path.slice(path.lastIndexOf('/') + 1)}`;
}

/** The same number of parentheses opens. */
function withImport(text: string): string {
  return text.replaceAll(IMPORT, 'require.import(((').replace(COPIED, 'module.exports = ').replace(EXPORTS, asGetters);
}

function asGetters(_exports: string, names: string): string {
  return `${EXPORTED} = {\n${names.replaceAll(EXPORT, '  get $<name>() { return $<value>; }')}};\n`;
}
