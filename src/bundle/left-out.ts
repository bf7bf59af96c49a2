import { join, resolve, sep } from 'node:path';
import type { Metafile, OutputFile, Plugin } from 'esbuild';

/** What the library imports, but needs only for some programs: those that import a package too, by themselves or by `rxplug/di`, or call a function. */
interface LeftOut {
  /** The files of the package, in esbuild's names of files. */
  readonly own: RegExp;
  /** Those of them that a program imports which needs it. @default all */
  readonly needed?: RegExp;
  /** A function of the library without which nobody comes to it: esbuild has left it out of a program that does not call it. */
  readonly calls?: RegExp;
  /** What the library imports by `import()`, and what is left out for other programs. */
  readonly files: RegExp;
  /** The error of who comes to them all the same. */
  readonly refusal: string;
}

const LEFT_OUT: readonly LeftOut[] = [
  {
    own: /(^|\/)node_modules\/(inversify|@inversifyjs\/[^/]+)\//,
    files: /[\\/]lib[\\/]parts[\\/](host|plugin)-container\.js$/,
    refusal: 'without dependency injection: nothing in it imports inversify',
  },
  {
    own: /(^|\/)node_modules\/@bufbuild\/protobuf\//,
    // Code of ts-proto imports `wire` only.
    needed: /\/protobuf\/dist\/\w+\/(?!wire\/)/,
    files: /[\\/]@bufbuild[\\/]protobuf[\\/]dist[\\/]\w+[\\/](codegenv2[\\/])?index\.js$/,
    refusal: 'without definitions of protobuf-es: nothing in it imports @bufbuild/protobuf',
  },
  {
    own: /[\\/]lib[\\/]net-rpc\.js$/,
    calls: /\bfunction netRpcPlugin\d*\(/,
    files: /[\\/]lib[\\/]parts[\\/]net-rpc-(calls|client|server)\.js$/,
    refusal: 'without net/rpc: nothing in it calls netRpcPlugin or imports rxplug/net-rpc',
  },
];

const INSTALLED = join(sep, 'node_modules', 'rxplug', 'dist', 'lib', 'parts', sep);
/** In this package's own folder it has no such path. */
const PARTS = join(import.meta.dirname, 'parts', sep);

const isPart = (path: string): boolean => path.startsWith(PARTS) || path.includes(INSTALLED);

/** Plugins of esbuild that leave out what nothing in the program needs, which it has built once: 40 % of a bundle. */
export function withoutUnneeded({ inputs }: Metafile, outputs: readonly OutputFile[]): readonly Plugin[] {
  const imported = Object.entries(inputs).flatMap(([file, { imports }]) =>
    isPart(resolve(file)) ? [] : imports.map(({ path }) => ({ file, path })),
  );
  const isNeeded = ({ own, needed = own, calls }: LeftOut): boolean =>
    imported.some(({ file, path }) => !own.test(file) && own.test(path) && needed.test(path)) ||
    (calls !== undefined && outputs.some(({ text }) => calls.test(text)));
  return LEFT_OUT.filter((item) => !isNeeded(item)).map(without);
}

function without({ files, refusal }: LeftOut): Plugin {
  return {
    name: 'without-unneeded',
    setup(build) {
      // As CommonJS, of which any name can be imported.
      build.onLoad({ filter: files }, () => ({
        contents: `throw new Error('This program was bundled ${refusal}.'); module.exports = {};`,
      }));
    },
  };
}
