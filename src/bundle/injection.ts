import { join, resolve, sep } from 'node:path';
import type { Metafile, Plugin } from 'esbuild';

const INVERSIFY = /(^|\/)node_modules\/(inversify|@inversifyjs\/[^/]+)\//;
const INSTALLED = `${sep}node_modules${sep}rxplug${sep}dist${sep}lib${sep}parts${sep}`;
/** In this package's own folder it has no such path. */
const PARTS = join(import.meta.dirname, 'parts', sep);

const isPart = (path: string): boolean => path.startsWith(PARTS) || path.includes(INSTALLED);

/** Whether a program imports inversify, by itself or by `rxplug/di`: else nothing can say what is to be injected into its classes. */
export function importsInversify({ inputs }: Metafile): boolean {
  return Object.entries(inputs).some(
    ([file, { imports }]) =>
      !INVERSIFY.test(file) && !isPart(resolve(file)) && imports.some(({ path }) => INVERSIFY.test(path)),
  );
}

const REFUSAL =
  'throw new Error("This program was bundled without dependency injection: nothing in it imports inversify.");';

/** The library's containers, with inversify, are a fifth of a bundle. */
export const withoutContainers: Plugin = {
  name: 'without-containers',
  setup(build) {
    build.onLoad({ filter: /(host|plugin)-container\.js$/ }, ({ path }) =>
      // As CommonJS, of which any name can be imported.
      isPart(path) ? { contents: `${REFUSAL} module.exports = {};` } : undefined,
    );
  },
};
