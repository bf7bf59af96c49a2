import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { SecurityError, StartError } from '../../errors.js';
import { examine } from '../diagnose/diagnose.js';
import { locate } from '../diagnose/locate.js';
import { verifyDirectory } from './checked-directory.js';
import { type CheckedFile, openChecked } from './checked-file.js';
import { foreignWriter } from './foreign-writer.js';
import { type Interpreter, interpreterOf } from './interpreter.js';
import { isScript, readInterpreterLine } from './interpreter-line.js';
import { importedFile } from './node-imports.js';
import { notOnlyOwn } from './not-only-own.js';
import type { ResolvedSecureConfig } from './secure-config.js';
import type { VerifiedCommand, VerifiedPlugin, VerifiedSpawn } from './verified-plugin.js';

/** How a plugin is verified. */
export interface OpenVerifiedOptions {
  readonly signal: AbortSignal;
  /** Whether the system can open an open file again by a path. @default whether there is /proc/self/fd */
  readonly descriptors?: boolean;
}

/** The checked file in the child: the descriptor that it inherits. */
const INHERITED = '/proc/self/fd/3';

const BUNDLE =
  'Bundle the plugin into a single file (`bundle` of rxplug/bundle, or `esbuild plugin.ts --bundle --platform=node`), or check its ' +
  'whole directory with `secureConfig.directory`.';

/**
 * Verifies the checksum of a command, and says how it is to be spawned so that what was verified is what runs. Rejects with SecurityError
 * ERR_CHECKSUM_UNREADABLE or ERR_CHECKSUM_MISMATCH; ERR_CHECKSUM_NOT_RUN, ERR_CHECKSUM_IMPORTS or ERR_CHECKSUM_WRITABLE when it cannot be
 * run so; StartError ERR_SPAWN for a script that cannot be run at all; or with the signal's reason.
 */
export async function openVerified(
  command: VerifiedCommand,
  secure: ResolvedSecureConfig,
  options: OpenVerifiedOptions,
): Promise<VerifiedPlugin> {
  if (secure.directory !== undefined)
    return await verifyDirectory(command, { ...secure, directory: secure.directory }, options);
  const checked = await openChecked(command, secure, options);
  try {
    const file = { path: checked.path, descriptor: checked.handle.fd };
    return { spawn: await spawnOf(checked, command, secure, options), file, close: () => checked.handle.close() };
  } catch (error) {
    await checked.handle.close();
    throw error;
  }
}

/** A command whose program, an interpreter, reads the checked file. */
interface Reading {
  /** The interpreter and its options, before the script. */
  readonly before: readonly [string, ...string[]];
  readonly after: readonly string[];
}

async function spawnOf(
  checked: CheckedFile,
  command: VerifiedCommand,
  { file }: ResolvedSecureConfig,
  { descriptors = existsSync('/proc/self/fd') }: OpenVerifiedOptions,
): Promise<VerifiedSpawn> {
  const unchecked = file === undefined ? scriptOf(command) : undefined;
  if (unchecked !== undefined) throw scriptNotChecked(checked.path, unchecked);
  const asProgram = file === undefined || (await locate(command)) === checked.path;
  const reading = asProgram ? await byFirstLine(checked, command) : byArgument(checked, command);
  const interpreter = reading === undefined ? undefined : interpreterOf(reading.before);
  const imported = interpreter?.isNode === true ? await importedFile(checked.handle, checked.path) : undefined;
  if (imported !== undefined) throw imports(checked.path, imported);
  if (!descriptors) return await byPath(checked, command, asProgram);
  const { fd } = checked.handle;
  // The kernel finds a binary before exec closes its descriptor.
  if (reading === undefined) return { command: [`/proc/self/fd/${fd}`, ...command.args], argv0: command.file };
  const { before, after } = reading;
  if (interpreter === undefined) throw notRun(checked.path, `\`${before.join(' ')}\` may open it again by its name`);
  const words = [...before, ...interpreter.options, INHERITED, ...after] as const;
  return { command: words, argv0: before[0], inherit: fd, ...noteOf(interpreter) };
}

/** The script that an interpreter is to run: `plugin.cjs` in `[node, plugin.cjs]`. */
function scriptOf({ file, args }: VerifiedCommand): string | undefined {
  return interpreterOf([file]) === undefined ? undefined : args.find((word) => !word.startsWith('-'));
}

/** How the kernel runs a script; undefined for a binary. Rejects for a script that cannot be run. */
async function byFirstLine({ handle, path }: CheckedFile, command: VerifiedCommand): Promise<Reading | undefined> {
  if (!(await isScript(handle))) return undefined;
  const { finding } = await examine({ ...command, file: path });
  if (finding !== undefined) throw new StartError('ERR_SPAWN', finding);
  return { before: (await readInterpreterLine(handle)) ?? ['the interpreter of its first line'], after: command.args };
}

/** The checked file is an argument: `[node, plugin.cjs]`. */
function byArgument({ path }: CheckedFile, { file, args, cwd }: VerifiedCommand): Reading {
  const at = args.findIndex((word) => resolve(cwd, word) === path);
  if (at < 0) throw notRun(path, 'it is neither the program nor one of its arguments');
  return { before: [file, ...args.slice(0, at)], after: args.slice(at + 1) };
}

/** Where no open file can be run: by its path, if nobody else can replace it. On Windows that cannot be told by owner and mode. */
async function byPath({ path }: CheckedFile, command: VerifiedCommand, asProgram: boolean): Promise<VerifiedSpawn> {
  const writable = process.getuid === undefined ? undefined : await foreignWriter(path);
  if (writable !== undefined) throw notOnlyOwn(path, writable);
  return { command: [asProgram ? path : command.file, ...command.args], argv0: command.file };
}

function noteOf({ isNode }: Interpreter): { readonly note?: string } {
  if (!isNode) return {};
  return {
    note: `Because of \`secureConfig\` the script was run from its checked bytes, and can import nothing but Node's own modules. ${BUNDLE}`,
  };
}

function imports(path: string, specifier: string): SecurityError {
  return new SecurityError(
    'ERR_CHECKSUM_IMPORTS',
    `The script ${path} has the expected checksum, but imports ${specifier}, which was not checked. It was not started. ${BUNDLE}`,
  );
}

function scriptNotChecked(interpreter: string, script: string): SecurityError {
  return new SecurityError(
    'ERR_CHECKSUM_NOT_RUN',
    `The checksum in \`secureConfig\` is that of ${interpreter}, which would run ${script} unchecked. It was not started. Give the checksum ` +
      `of the script, with \`secureConfig.file: ${JSON.stringify(script)}\`. If only the interpreter is to be checked, name that as \`file\`.`,
  );
}

function notRun(path: string, why: string): SecurityError {
  return new SecurityError(
    'ERR_CHECKSUM_NOT_RUN',
    `The file ${path} has the expected checksum, but it is not certain that it is what would run: ${why}. It was not started. ` +
      'Check the program itself, or a script that a shell, Node, Python, Perl, Ruby or Lua gets as its first argument after options, ' +
      'or check a directory with `secureConfig.directory`.',
  );
}
