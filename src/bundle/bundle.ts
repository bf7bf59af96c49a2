import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { errorMessage, OptionsError } from '../errors.js';
import { optionNames, requireOptions } from '../wire/option-names.js';
import { bundleProgram } from './program.js';
import { loaderFile, recorderFile } from './single-file.js';

/** What is bundled, where to, and how it is recorded. */
export interface BundleOptions {
  /** The program's file, TypeScript or JavaScript: a plugin that calls `serve`, or a host. It must not use `await` at its top level. */
  readonly entry: string;
  /** The file to be made: `dist/plugin.cjs`. What it needs to start fast is written beside it. */
  readonly outfile: string;
  /** Packages that are not bundled but loaded from node_modules: those with native code. @default [] */
  readonly external?: readonly string[];
  /** Bundles the engine of grpc-js too, for a program with `grpcEngine: 'grpc-js'`. It is as large as all of the rest. @default false */
  readonly grpcJs?: boolean;
  /**
   * Runs the command as the program will be run, once or several times, and waits for its end: a plugin by a host with the same options
   * (`autoMtls`), and with a call of the methods that should be fast. What V8 compiles then is stored. @default nothing is stored
   */
  readonly record?: (command: readonly [file: string, ...args: string[]]) => Promise<void>;
}

/** The files that were made. */
export interface BundleResult {
  /** To be run by Node: `node plugin.cjs`. */
  readonly file: string;
  /** The code that V8 has compiled, for the version of Node that recorded it; undefined without `record`. */
  readonly codeFile?: string;
}

const NAMES = optionNames<BundleOptions>()('entry outfile external grpcJs record');

/**
 * Makes one file of a program, a plugin or a host, with everything that it imports, and stores the code that V8 compiles for it beside it. It
 * needs esbuild, which is not installed with this package. The file names the SHA-256 of its code and takes no other; without its code it
 * runs all the same, slower. Rejects with OptionsError.
 *
 * @example
 * ```ts
 * await bundle({
 *   entry: 'src/plugin.ts',
 *   outfile: 'dist/plugin.cjs',
 *   record: async (command) => {
 *     await using client = createClient({ command, handshake, plugins, autoMtls: true });
 *     await client.start();
 *     const greeter = await client.dispense('greeter');
 *     await firstValueFrom(greeter.greet({ name: 'Ada' }));
 *   },
 * });
 * ```
 */
export async function bundle(given: BundleOptions): Promise<BundleResult> {
  requireOptions('bundle', given, NAMES);
  for (const name of ['entry', 'outfile'] as const)
    if (typeof given[name] !== 'string')
      throw new OptionsError(`Expected \`${name}\` of bundle to be the path of a file, got ${String(given[name])}.`);
  const { entry, outfile, record, ...options } = given;
  const file = resolve(outfile);
  const program = await bundleProgram(resolve(entry), options);
  await mkdir(dirname(file), { recursive: true });
  if (record === undefined) {
    await writeFile(file, loaderFile(program, {}));
    return { file };
  }
  const key = `${process.version}-${process.platform}-${process.arch}`;
  const code = await recordCode(program, basename(file), record);
  const codeFile = `${file}.${key}.code`;
  await writeFile(codeFile, code);
  await writeFile(file, loaderFile(program, { [key]: createHash('sha256').update(code).digest('hex') }));
  return { file, codeFile };
}

/** Has the program run, in a file of its own, and returns the code that V8 has compiled for it. */
async function recordCode(
  program: string,
  name: string,
  record: Exclude<BundleOptions['record'], undefined>,
): Promise<Uint8Array> {
  const directory = await mkdtemp(join(tmpdir(), 'record'));
  try {
    const [file, codeFile] = [join(directory, name), join(directory, 'code')];
    await writeFile(file, recorderFile(program, codeFile));
    await record([process.execPath, file]);
    return await readFile(codeFile).catch((cause: unknown) => {
      throw new OptionsError(
        `\`record\` has left no compiled code: ${errorMessage(cause)}. It has to run the command that it is given, and to wait until the ` +
          'program has ended by itself: a plugin ends with `client.stop()`.',
        { cause },
      );
    });
  } finally {
    await rm(directory, { recursive: true });
  }
}
