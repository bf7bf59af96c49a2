import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { errorMessage, OptionsError } from '../errors.js';
import { optionNames, requireOptions } from '../wire/option-names.js';
import { bundleProgram } from './program.js';
import { recordCode } from './record.js';
import { loaderFile } from './single-file.js';

/** What is bundled, and how it is recorded. */
export interface ProgramBundleOptions {
  /** The program's file, TypeScript or JavaScript: a plugin that calls `serve`, or a host. It must not use `await` at its top level. */
  readonly entry: string;
  /** The file to be made: `dist/plugin.cjs`. */
  readonly outfile: string;
  /** Packages that are not bundled but loaded from node_modules: those with native code. @default [] */
  readonly external?: readonly string[];
  /**
   * Packages that may call `require` with what is known only at run time. It is then looked up from the bundle, where most often it is not:
   * a package belongs here if that call is never made. @default [], such a call is refused
   */
  readonly allowDynamic?: readonly string[];
  /** Bundles the engine of grpc-js too, for a program with `grpcEngine: 'grpc-js'`. It is as large as all of the rest. @default false */
  readonly grpcJs?: boolean;
  /**
   * Runs the command as the program will be run, once or several times, and waits for its end: a plugin by a host with the same options
   * (`autoMtls`), and with a call of the methods that should be fast. What V8 compiles then is stored. @default nothing is stored
   */
  readonly record?: (command: readonly [file: string, ...args: string[]]) => Promise<void>;
}

/** What is bundled, where to, and how it is recorded. */
export interface BundleOptions extends ProgramBundleOptions {
  /** Makes a file that runs by its name, on systems with a shell: with a first line for Node, and executable. @default false */
  readonly executable?: boolean;
}

/** What was made. */
export interface BundleResult {
  /** To be run by Node: `node plugin.cjs`. */
  readonly file: string;
}

const NAMES = optionNames<BundleOptions>()('entry outfile external allowDynamic grpcJs record executable');

/**
 * Makes one file of a program, a plugin or a host, with everything that it imports, and the code that V8 compiles for it. It needs esbuild, which is
 * not installed with this package. The code is for the version of Node that recorded it, on this platform; on another the file runs all the
 * same, slower. Rejects with OptionsError, also for what cannot be in one file: native code, and modules whose names are known
 * only at run time.
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
  requireProgram('bundle', given);
  const { entry, outfile, record, executable = false, ...options } = given;
  const file = resolve(outfile);
  const program = await bundleProgram(resolve(entry), options);
  const code = record && (await recordCode(program, basename(file), { executable }, record));
  await writeOutput(file, loaderFile(program, code, { executable }), executable);
  return { file };
}

/** Rejects with OptionsError where nothing can be written. */
async function writeOutput(file: string, content: string, executable: boolean): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    if (executable) await chmod(file, 0o755);
  } catch (cause) {
    throw new OptionsError(
      `${file} could not be written (${errorMessage(cause)}). Give as \`outfile\` a file in a folder that you may write to.`,
      { cause },
    );
  }
}

/** Throws OptionsError for values that are none of their options'. */
export function requireProgram(of: string, given: ProgramBundleOptions): void {
  for (const name of ['entry', 'outfile'] as const)
    if (typeof given[name] !== 'string')
      throw new OptionsError(`Expected \`${name}\` of ${of} to be the path of a file, got ${String(given[name])}.`);
  for (const name of ['external', 'allowDynamic'] as const) {
    const names: unknown = given[name] ?? [];
    if (!Array.isArray(names) || !names.every((item) => typeof item === 'string'))
      throw new OptionsError(
        `Expected \`${name}\` of ${of} to be an array of the names of packages, got ${String(names)}.`,
      );
  }
  if (given.record !== undefined && typeof given.record !== 'function')
    throw new OptionsError(
      `Expected \`record\` of ${of} to be a function that runs a command, got ${String(given.record)}.`,
    );
}
