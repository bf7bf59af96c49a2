import { createHash, type Hash } from 'node:crypto';
import { OptionsError, SecurityError } from '../../errors.js';
import { requireOptions } from '../../wire/option-names.js';

/** What a plugin's file has to be (go-plugin SecureConfig). */
export interface SecureConfig {
  /** The digest: hexadecimal text, or the bytes themselves. */
  readonly checksum: string | Uint8Array;
  /** Any hash of node:crypto, for instance `sha256`. */
  readonly hash: string;
  /**
   * The file to check, where it is not the program itself: the script of `['node', 'plugin.cjs']`. It has to be an argument, and the
   * program an interpreter that is known to run the file that was checked. @default the program of the command
   */
  readonly file?: string;
  /**
   * A directory to check with all that is in it, instead of a file: `checksum` is what `directoryChecksum` gives for it. The program or an
   * argument has to be in it, and nobody but this user and root may be able to write to it, or to a directory on the way. @default none
   */
  readonly directory?: string;
}

/** A validated SecureConfig with the digest as bytes. */
export interface ResolvedSecureConfig extends SecureConfig {
  readonly checksum: Uint8Array;
}

/**
 * Validates a SecureConfig and copies it. Throws SecurityError ERR_CHECKSUM_MISSING without a checksum, ERR_CHECKSUM_HASH_MISSING
 * without a hash that node:crypto knows, and OptionsError for a checksum of the wrong length or that is not hexadecimal, or for a `file`
 * beside a `directory`.
 */
export function resolveSecureConfig(config: SecureConfig): ResolvedSecureConfig {
  requireOptions('`secureConfig`', config, ['checksum', 'hash', 'file', 'directory']);
  const { checksum, hash, file, directory } = config;
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
      `Expected \`secureConfig.checksum\` to be the ${digestBytes} bytes of a ${hash} digest, as bytes or as hexadecimal text.`,
    );
  if (file !== undefined && directory !== undefined)
    throw new OptionsError('Expected `secureConfig` to have a `file` or a `directory`, got both.');
  return {
    checksum: digest,
    hash,
    ...(file === undefined ? {} : { file }),
    ...(directory === undefined ? {} : { directory }),
  };
}

/** A hasher of node:crypto. Throws SecurityError ERR_CHECKSUM_HASH_MISSING for a hash that it does not know. */
export function createHasher(hash: string): Hash {
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
