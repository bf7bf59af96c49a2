import { timingSafeEqual } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errorMessage, SecurityError } from '../../errors.js';
import { examine } from '../diagnose/diagnose.js';
import { type CommandOptions, locate } from '../diagnose/locate.js';
import { interpreterOf } from './interpreter.js';
import { createHasher, type ResolvedSecureConfig } from './secure-config.js';

/** A file whose checksum was verified, still open. Whoever opened it closes it. */
export interface CheckedFile {
  readonly handle: FileHandle;
  readonly path: string;
}

/**
 * Opens the file of a command, or `secureConfig.file`, and verifies its checksum. Rejects with SecurityError ERR_CHECKSUM_UNREADABLE or
 * ERR_CHECKSUM_MISMATCH (go-plugin client.go SecureConfig.Check), or with the signal's reason.
 */
export async function openChecked(
  command: CommandOptions,
  secure: ResolvedSecureConfig,
  options: { readonly signal: AbortSignal },
): Promise<CheckedFile> {
  const path = secure.file === undefined ? await locate(command) : resolve(command.cwd, secure.file);
  const handle = await openRegular(path, secure.file === undefined ? command : { ...command, file: path ?? '' });
  try {
    const actual = await digestOf(handle, secure.hash, options.signal);
    if (!timingSafeEqual(actual, secure.checksum)) throw mismatch(path ?? '', secure.hash);
    return { handle, path: path ?? '' };
  } catch (error) {
    await handle.close();
    options.signal.throwIfAborted();
    throw error instanceof SecurityError ? error : unreadable(path ?? '', error);
  }
}

/** O_NONBLOCK: opening a FIFO does not wait for a writer. Only regular files have content that can be verified. */
async function openRegular(path: string | undefined, command: CommandOptions): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    if (path === undefined) throw new Error('there is no such program in PATH');
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await handle.stat()).isFile()) throw new Error('it is not a regular file');
    return handle;
  } catch (error) {
    await handle?.close();
    const { finding } = await examine(command);
    throw unreadable(path ?? command.file, error, finding);
  }
}

async function digestOf(handle: FileHandle, hash: string, signal: AbortSignal): Promise<Uint8Array> {
  const hasher = createHasher(hash);
  await pipeline(createReadStream('', { fd: handle, autoClose: false, start: 0 }), hasher, { signal });
  return hasher.read() as Uint8Array;
}

/** What is to be checked cannot be read. */
export function unreadable(path: string, cause: unknown, finding?: string): SecurityError {
  const reason = finding ?? `${errorMessage(cause)}.`;
  return new SecurityError('ERR_CHECKSUM_UNREADABLE', `The checksum of ${path} could not be verified: ${reason}`, {
    cause,
  });
}

/** What was read is not what was expected. */
export function mismatch(path: string, hash: string): SecurityError {
  const script =
    interpreterOf([path]) === undefined
      ? ''
      : ' If it is the checksum of the script, name that in `secureConfig.file`.';
  return new SecurityError(
    'ERR_CHECKSUM_MISMATCH',
    `The ${hash} of ${path} is not the one in \`secureConfig\`: it is another version, or was tampered with. It was not started. ` +
      'Get the plugin from its source again, or correct the checksum if you trust the file.' +
      script,
  );
}
