import type { OutputFile } from 'esbuild';

/** The output file of the program's entry. */
export const ENTRY = 'entry';

/**
 * The output files of esbuild, in CommonJS, as one program. Each is a function that is called when it is first needed. V8 then compiles
 * and stores nothing of those that are imported by `import()` and were never used. In one scope it has to know each function of theirs.
 */
export function joinChunks(chunks: ReadonlyMap<string, string>): string {
  const functions = [...chunks].map(([path, text]) => `${JSON.stringify(path)}(exports,require,module){${text}}`);
  return `const chunks = {
${functions.join(',\n')}
};
const loaded = new Map();
const load = Object.assign((path) => {
  if (!Object.hasOwn(chunks, path)) return require(path);
  if (!loaded.has(path)) {
    const module = { exports: {} };
    loaded.set(path, module);
    chunks[path](module.exports, load, module);
  }
  return loaded.get(path).exports;
}, require);
load('./${ENTRY}.js');`;
}

/** What an output file is called where another imports it. */
export function pathOf({ path }: OutputFile): string {
  return `./${path.slice(path.lastIndexOf('/') + 1)}`;
}

/** An output file that loads others by `require`, which is `load`, also where it has `import()`. Other imports stay as they are. */
export function requireChunks(text: string, paths: readonly string[]): string {
  return paths.reduce(
    (result, path) => result.replaceAll(`import("${path}")`, () => `Promise.resolve().then(()=>require("${path}"))`),
    text,
  );
}
