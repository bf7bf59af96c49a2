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
  'Bundle the plugin into a single file (`esbuild plugin.ts --bundle --platform=node`), or check its whole directory with ' +
  '`secureConfig.directory`.';

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
    return { spawn: await spawnOf(checked, command, secure, options), close: () => checked.handle.close() };
  } catch (error) {
    await checked.handle.close();
    throw error;
  }
}

async function spawnOf(
  checked: CheckedFile,
  command: VerifiedCommand,
  { file }: ResolvedSecureConfig,
  { descriptors = existsSync('/proc/self/fd') }: OpenVerifiedOptions,
): Promise<VerifiedSpawn> {
  const spawn = file === undefined ? await program(checked, command) : await argument(checked, command);
  if (descriptors) return spawn;
  const writable = process.getuid === undefined ? undefined : await foreignWriter(checked.path);
  if (writable !== undefined) throw notOnlyOwn(checked.path, writable);
  return { command: [file === undefined ? checked.path : command.file, ...command.args], argv0: command.file };
}

/** A binary is found by the kernel before exec closes its descriptor. A script is opened by its interpreter, after that. */
async function program(checked: CheckedFile, command: VerifiedCommand): Promise<VerifiedSpawn> {
  const { handle } = checked;
  if (!(await isScript(handle)))
    return { command: [`/proc/self/fd/${handle.fd}`, ...command.args], argv0: command.file };
  const { finding } = await examine(command);
  if (finding !== undefined) throw new StartError('ERR_SPAWN', finding);
  const line = await readInterpreterLine(handle);
  if (line === undefined) throw notRun(checked.path, 'its first line is not understood');
  return await script(checked, line, command.args, line[0]);
}

/** The checked file is an argument: `[node, plugin.cjs]`. */
async function argument(checked: CheckedFile, command: VerifiedCommand): Promise<VerifiedSpawn> {
  const { file, args, cwd } = command;
  const at = args.findIndex((word) => resolve(cwd, word) === checked.path);
  if (at < 0) {
    if ((await locate(command)) === checked.path) return await program(checked, command);
    throw notRun(checked.path, 'it is neither the program nor one of its arguments');
  }
  return await script(checked, [file, ...args.slice(0, at)], args.slice(at + 1), file);
}

async function script(
  checked: CheckedFile,
  before: readonly [string, ...string[]],
  after: readonly string[],
  argv0: string,
): Promise<VerifiedSpawn> {
  const interpreter = interpreterOf(before);
  if (interpreter === undefined) throw notRun(checked.path, `\`${before.join(' ')}\` may open it again by its name`);
  const imported = interpreter.isNode ? await importedFile(checked.handle, checked.path) : undefined;
  if (imported !== undefined) throw imports(checked.path, imported);
  return {
    command: [...before, ...interpreter.options, INHERITED, ...after],
    argv0,
    inherit: checked.handle.fd,
    ...noteOf(interpreter),
  };
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

function notRun(path: string, why: string): SecurityError {
  return new SecurityError(
    'ERR_CHECKSUM_NOT_RUN',
    `The file ${path} has the expected checksum, but it is not certain that it is what would run: ${why}. It was not started. ` +
      'Check the program itself, or a script that a shell, Node, Python, Perl, Ruby or Lua gets as its first argument after options, ' +
      'or check a directory with `secureConfig.directory`.',
  );
}
