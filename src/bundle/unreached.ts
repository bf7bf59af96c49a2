import type { Metafile } from 'esbuild';
import { ENTRY } from './chunks.js';

/**
 * The files that the program imports by `import()` in code alone that it does not use: esbuild leaves out that code, but makes output files
 * of what it would import, with all that these need.
 */
export function unreachedFiles({ outputs }: Metafile): readonly string[] {
  const main = Object.keys(outputs).filter((path) => path.endsWith(`/${ENTRY}.js`));
  const reached = new Set(main);
  for (const path of reached) for (const { path: next } of outputs[path]?.imports ?? []) reached.add(next);
  return Object.entries(outputs).flatMap(([path, { entryPoint }]) =>
    reached.has(path) || entryPoint === undefined ? [] : [entryPoint],
  );
}
