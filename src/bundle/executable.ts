import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { OptionsError } from '../errors.js';
import { optionNames, requireOptions } from '../wire/option-names.js';
import { type ProgramBundleOptions, requireProgram } from './bundle.js';
import { putIntoNode } from './inject.js';
import { bundleProgram } from './program.js';
import { recordCode } from './record.js';
import { asFunction, CODE_ASSET, executableMain, PROGRAM_ASSET } from './single-file.js';

/** What is put into Node, and into which. */
export interface ExecutableOptions extends ProgramBundleOptions {
  /**
   * The file of the Node that the program is put into, for another platform: of the same version as the one that runs. It excludes `record`:
   * only the platform itself can compile for it. @default `process.execPath`
   */
  readonly node?: string;
}

/** The file that was made. */
export interface ExecutableResult {
  readonly file: string;
}

const NAMES = optionNames<ExecutableOptions>()('entry outfile external allowDynamic grpcJs record node');

/**
 * Makes a single executable application: Node with the program, everything that it imports and its compiled code in one file, about 100 MB.
 * It needs esbuild, and before Node 25.5 postject, which are not installed with this package. On macOS the file is signed for the machine
 * alone (ad hoc); made elsewhere it has to be signed before it runs. Rejects with OptionsError.
 *
 * @example
 * ```ts
 * await bundleExecutable({ entry: 'src/plugin.ts', outfile: 'dist/terraform-provider-acme' });
 * ```
 */
export async function bundleExecutable(given: ExecutableOptions): Promise<ExecutableResult> {
  requireOptions('bundleExecutable', given, NAMES);
  requireProgram('bundleExecutable', given);
  const { entry, outfile, record, node, ...options } = given;
  if (node !== undefined && record !== undefined) {
    throw new OptionsError(
      'Expected `record` or `node` of bundleExecutable, got both: what V8 compiles here is of no use to the Node of another platform. ' +
        'Leave `record` out.',
    );
  }
  const file = resolve(outfile);
  const program = await bundleProgram(resolve(entry), options);
  const code = record === undefined ? undefined : await recordCode(program, basename(file), {}, record);
  await mkdir(dirname(file), { recursive: true });
  const directory = await mkdtemp(join(dirname(file), '.executable-'));
  try {
    const main = join(directory, 'main.cjs');
    await writeFile(main, executableMain());
    const assets: Record<string, string> = {};
    const contents = { [PROGRAM_ASSET]: asFunction(program), ...(code === undefined ? {} : { [CODE_ASSET]: code }) };
    for (const [name, content] of Object.entries(contents)) {
      assets[name] = join(directory, name);
      await writeFile(assets[name], content);
    }
    const made = join(directory, 'made');
    await putIntoNode({ main, assets, node: node ?? process.execPath, made, directory, entry: resolve(entry) });
    await rename(made, file);
  } finally {
    await rm(directory, { recursive: true });
  }
  return { file };
}
