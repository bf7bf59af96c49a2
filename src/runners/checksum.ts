import { createHash, type Hash, timingSafeEqual } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errorMessage, OptionsError, SecurityError } from '../errors.js';
import { examine } from './diagnose/diagnose.js';
import { type CommandOptions, locate } from './diagnose/locate.js';
import { VerifiedFile } from './verified-file.js';

/** What a plugin's file has to be (go-plugin SecureConfig). */
export interface SecureConfig {
  /** The digest: hexadecimal text, or the bytes themselves. */
  readonly checksum: string | Uint8Array;
  /** Any hash of node:crypto, for instance `sha256`. */
  readonly hash: string;
  /**
   * The file to check, where it is not the program itself: the script of `['node', 'plugin.js']`. The program then opens it again, so
   * whoever can replace it in between is not noticed. @default the program of the command
   */
  readonly file?: string;
}

export interface ResolvedSecureConfig {
  readonly digest: Uint8Array;
  readonly hash: string;
  readonly file: string | undefined;
}

/**
 * Throws SecurityError ERR_CHECKSUM_MISSING without a checksum, ERR_CHECKSUM_HASH_MISSING without a hash that node:crypto knows, and
 * OptionsError for a checksum that the hash can never give.
 */
export function resolveSecureConfig({ checksum, hash, file }: SecureConfig): ResolvedSecureConfig {
  if (checksum === undefined || checksum.length === 0)
    throw new SecurityError(
      'ERR_CHECKSUM_MISSING',
      'Expected `secureConfig.checksum` to be the digest of the plugin, got none.',
    );
  const digestBytes = createHasher(hash).digest().length;
  const digest = typeof checksum === 'string' ? Buffer.from(checksum, 'hex') : Uint8Array.from(checksum);
  const isHex = typeof checksum !== 'string' || /^(?:[0-9a-f]{2})+$/i.test(checksum);
  if (!isHex || digest.length !== digestBytes)
    throw new OptionsError(
      `Expected \`secureConfig.checksum\` to be the ${digestBytes} bytes that ${hash} gives, as bytes or as hexadecimal text.`,
    );
  return { digest, hash, file };
}

/**
 * Opens the file of a command and checks it. Resolves with the file open, for it to be run as it was checked. Rejects with
 * SecurityError ERR_CHECKSUM_UNREADABLE or ERR_CHECKSUM_MISMATCH (go-plugin client.go SecureConfig.Check), or with the signal's reason.
 */
export async function openVerified(
  command: CommandOptions,
  secure: ResolvedSecureConfig,
  options: { readonly signal: AbortSignal },
): Promise<VerifiedFile> {
  const path = secure.file === undefined ? await locate(command) : resolve(command.cwd, secure.file);
  const handle = await openRegular(path, secure.file === undefined ? command : { ...command, file: path ?? '' });
  try {
    const actual = await digestOf(handle, secure.hash, options.signal);
    if (!timingSafeEqual(actual, secure.digest)) throw mismatch(path ?? '', secure.hash);
    return new VerifiedFile(handle, { isProgram: secure.file === undefined });
  } catch (error) {
    await handle.close();
    options.signal.throwIfAborted();
    throw error instanceof SecurityError ? error : unreadable(path ?? '', error);
  }
}

/** Without waiting for a pipe that nobody writes to; what is no regular file has no content that could be checked. */
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

function createHasher(hash: string): Hash {
  try {
    return createHash(hash);
  } catch (cause) {
    throw new SecurityError(
      'ERR_CHECKSUM_HASH_MISSING',
      `Expected \`secureConfig.hash\` to be a hash of node:crypto, for instance \`sha256\`, got \`${String(hash)}\`.`,
      { cause },
    );
  }
}

function unreadable(path: string, cause: unknown, finding?: string): SecurityError {
  const reason = finding ?? `${errorMessage(cause)}.`;
  return new SecurityError('ERR_CHECKSUM_UNREADABLE', `The checksum of ${path} could not be verified: ${reason}`, {
    cause,
  });
}

function mismatch(path: string, hash: string): SecurityError {
  return new SecurityError(
    'ERR_CHECKSUM_MISMATCH',
    `The ${hash} of ${path} is not the one in \`secureConfig\`: it is another version, or has been tampered with. It was not started. ` +
      'Get the plugin from its source again, or correct the checksum if you trust the file.',
  );
}
