import { timingSafeEqual } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { SecurityError } from '../../errors.js';
import { locate } from '../diagnose/locate.js';
import { mismatch, unreadable } from './checked-file.js';
import { directoryChecksum, entriesOf, isWithin } from './directory-checksum.js';
import { foreignWriter, isForeign } from './foreign-writer.js';
import { notOnlyOwn } from './not-only-own.js';
import type { ResolvedSecureConfig } from './secure-config.js';
import type { VerifiedCommand, VerifiedPlugin } from './verified-plugin.js';

/**
 * Verifies the checksum of a directory that the program or an argument is in, and that nobody else can change it. It is run by its path.
 * Rejects as `openVerified`.
 */
export async function verifyDirectory(
  command: VerifiedCommand,
  secure: ResolvedSecureConfig & { readonly directory: string },
  { signal }: { readonly signal: AbortSignal },
): Promise<VerifiedPlugin> {
  const directory = resolve(command.cwd, secure.directory);
  try {
    const program = await locate(command);
    const paths = await pathsIn(directory, command, program);
    await assertOnlyOwn(directory, paths);
    const { hash } = secure;
    const actual = Buffer.from(await directoryChecksum(directory, { hash, signal }), 'hex');
    if (!timingSafeEqual(actual, secure.checksum)) throw mismatch(directory, hash);
    const file = paths.find((path) => path === program) ?? command.file;
    return { spawn: { command: [file, ...command.args], argv0: command.file }, close: () => Promise.resolve() };
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof SecurityError ? error : unreadable(directory, error);
  }
}

/** The program and the arguments that are in the directory. */
async function pathsIn(directory: string, command: VerifiedCommand, program: string | undefined) {
  const root = await realpath(directory);
  const paths = [...(program === undefined ? [] : [program]), ...command.args.map((arg) => resolve(command.cwd, arg))];
  const found: string[] = [];
  for (const path of paths) {
    const real = await realpath(path).catch(() => undefined);
    if (real !== undefined && isWithin(root, real)) found.push(path);
  }
  if (found.length > 0) return found;
  throw new SecurityError(
    'ERR_CHECKSUM_NOT_RUN',
    `Neither the program of the command nor one of its arguments is in ${directory}, which \`secureConfig.directory\` names. It was not started. ` +
      'Name the directory that the plugin is in.',
  );
}

/** The ways to the directory and to what is run in it, and all that is in it. */
async function assertOnlyOwn(directory: string, paths: readonly string[]): Promise<void> {
  if (process.getuid === undefined) throw new Error('this system has no owners and modes that could be checked');
  for (const path of [directory, ...paths]) {
    const writable = await foreignWriter(path);
    if (writable !== undefined) throw notOnlyOwn(directory, writable);
  }
  for (const { full, stats } of await entriesOf(await realpath(directory)))
    if (isForeign(stats)) throw notOnlyOwn(directory, full);
}
