import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { BuildOptions, Plugin } from 'esbuild';
import { errorMessage, OptionsError } from '../errors.js';
import { ENTRY, joinChunks, pathOf } from './chunks.js';
import { withoutUnneeded } from './left-out.js';
import { refuseWhatIsOutside } from './outside.js';
import { unreachedFiles } from './unreached.js';

/** What belongs to the program. */
export interface ProgramOptions {
  readonly external?: readonly string[];
  readonly allowDynamic?: readonly string[];
  readonly grpcJs?: boolean;
}

/** The program and everything that it imports, as one CommonJS text. Rejects with OptionsError. */
export async function bundleProgram(entry: string, options: ProgramOptions): Promise<string> {
  const esbuild = await import('esbuild').catch((cause: unknown) => {
    throw new OptionsError('`bundle` needs esbuild. Install it: npm install --save-dev esbuild.', { cause });
  });
  const chunks = await chunksOf(esbuild, entry, options).catch((cause: unknown) => {
    throw new OptionsError(`${entry} cannot be bundled: ${reasonOf(cause)}`, { cause });
  });
  const { code } = await esbuild.transform(joinChunks(chunks), { ...TARGET, ...SMALLER });
  return code;
}

const TARGET = { platform: 'node', target: 'node20.19', logLevel: 'silent' } as const;
/** Names are kept, for stack traces; lines are short, since Node prints the one of an uncaught error. */
const SMALLER = { minifyWhitespace: true, minifySyntax: true, lineLimit: 120 } as const;

const AS_MODULES = {
  ...TARGET,
  write: false,
  outdir: 'out',
  bundle: true,
  // Of ES modules esbuild leaves out what is not used, and only of them it makes several files.
  format: 'esm',
  splitting: true,
  minifySyntax: true,
  legalComments: 'none',
  metafile: true,
  // Silent else: a program that is not bundled may do it.
  logOverride: { 'unsupported-require-call': 'warning' },
  // A file of it is an input in the metafile, by which way it was reached.
  loader: { '.node': 'empty' },
} as const satisfies BuildOptions;

/** One CommonJS text for the entry, for each file that is imported by `import()`, and for what these share. */
async function chunksOf(
  { build, transform }: typeof import('esbuild'),
  entry: string,
  { external = [], allowDynamic = [], grpcJs = false }: ProgramOptions,
): Promise<ReadonlyMap<string, string>> {
  const options = {
    ...AS_MODULES,
    entryPoints: { [ENTRY]: entry },
    // Else the folder in which esbuild was loaded: paths of the metafile would lead nowhere once the program is in another one.
    absWorkingDir: process.cwd(),
    external: [...external],
  } as const satisfies BuildOptions;
  const plugins = [rxjsInParts, versionOfGrpcJs, ...(grpcJs ? [] : [withoutGrpcJs])];
  // What is loaded from elsewhere may import it.
  const isWhole = external.length === 0 && allowDynamic.length === 0;
  const dropped = new Set<string>();
  const made = () => build({ ...options, plugins: [withoutFiles(dropped), ...plugins] });
  let { outputFiles, metafile, warnings } = await made();
  const withoutMore = isWhole ? withoutUnneeded(metafile, outputFiles) : [];
  if (withoutMore.length > 0) {
    plugins.push(...withoutMore);
    ({ outputFiles, metafile, warnings } = await made());
  }
  // Without these files others are needed by nobody.
  for (let files = unreachedFiles(metafile); files.length > 0; files = unreachedFiles(metafile)) {
    for (const file of files) dropped.add(resolve(file));
    ({ outputFiles, metafile, warnings } = await made());
  }
  refuseWhatIsOutside(metafile, warnings, allowDynamic);
  const texts = outputFiles.map(async (file) => {
    const { code } = await transform(file.text, { ...TARGET, format: 'cjs', supported: { 'dynamic-import': false } });
    return [pathOf(file), code] as const;
  });
  return new Map(await Promise.all(texts));
}

function reasonOf(error: unknown): string {
  const text = errorMessage(error);
  return /Top-level await/.test(text)
    ? 'it awaits at its top level, which one CommonJS file cannot. Write `void serve(…)`, or put the program into an async function.'
    : text;
}

/** Leaves `import()` of some files as it is. Only code that is left out has any. */
function withoutFiles(files: ReadonlySet<string>): Plugin {
  return {
    name: 'without-files',
    setup(build) {
      build.onResolve({ filter: /./ }, async ({ path, kind, pluginData, ...where }) => {
        if (kind !== 'dynamic-import' || files.size === 0 || pluginData === RESOLVING) return undefined;
        const found = await build.resolve(path, { kind, ...where, pluginData: RESOLVING });
        return files.has(found.path) ? { path, external: true } : undefined;
      });
    },
  };
}

const RESOLVING = Symbol('resolving');

/** For Node, rxjs is CommonJS, of which esbuild takes all; of its ES modules it takes what is used. */
const rxjsInParts: Plugin = {
  name: 'rxjs-in-parts',
  setup(build) {
    build.onResolve(
      { filter: /^rxjs(\/(operators|ajax|fetch|testing|webSocket))?$/ },
      async ({ path, resolveDir, kind }) => {
        const manifest = await build.resolve('rxjs/package.json', { resolveDir, kind });
        if (manifest.errors.length > 0) return { errors: manifest.errors };
        const part = path.slice('rxjs'.length);
        return { path: join(dirname(manifest.path), 'dist/esm', part, 'index.js'), sideEffects: false };
      },
    );
  },
};

/** grpc-js looks up its own version, for logs. In the other fields are the ends of comments, which a file of a bundle has to write otherwise. */
const versionOfGrpcJs: Plugin = {
  name: 'version-of-grpc-js',
  setup(build) {
    build.onLoad({ filter: /[\\/]@grpc[\\/]grpc-js[\\/]package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, 'utf8')) as { readonly version: string };
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};

const WITHOUT_GRPC_JS = `throw new Error('This program was bundled without the engine grpc-js. Give "bundle" the option "grpcJs: true".');`;

/** `scripts/packages.mjs` has the name. */
const withoutGrpcJs: Plugin = {
  name: 'without-grpc-js',
  setup(build) {
    build.onResolve({ filter: /^#packages\/grpc-js$/ }, ({ path }) => ({ path, namespace: 'without-grpc-js' }));
    // As CommonJS, of which any name can be imported.
    build.onLoad({ filter: /.*/, namespace: 'without-grpc-js' }, () => ({
      contents: `${WITHOUT_GRPC_JS} module.exports = {};`,
    }));
  },
};
