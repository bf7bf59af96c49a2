import { createHash, sign } from 'node:crypto';
import { OptionsError } from 'rxplug';
import { privateKeyObject, type SecretKey } from './secret-key.js';
import { formatSignature, MAX_TRUSTED_COMMENT_BYTES } from './signature.js';
import { isComment, MAX_COMMENT_BYTES } from './text.js';

/** What a signature says besides the signature. */
export interface SignOptions {
  /** Signed with the message. */
  readonly trustedComment: string;
  /** @default 'signature from minisign secret key' */
  readonly untrustedComment?: string;
}

/** Signs a message as minisign does, by its BLAKE2b, and gives the file `….minisig`. Throws OptionsError for a comment that does not fit on a line. */
export function signMinisign(
  message: Uint8Array,
  key: SecretKey,
  { trustedComment, untrustedComment = 'signature from minisign secret key' }: SignOptions,
): string {
  if (
    !isComment(trustedComment, MAX_TRUSTED_COMMENT_BYTES - 32) ||
    !isComment(untrustedComment, MAX_COMMENT_BYTES - 32)
  )
    throw new OptionsError('Expected the comments of a signature to be one line each, of at most 8160 and 992 bytes.');
  const secret = privateKeyObject(key.seed);
  const bytes = sign(null, createHash('blake2b512').update(message).digest(), secret);
  const global = sign(null, Buffer.concat([bytes, Buffer.from(trustedComment)]), secret);
  return formatSignature(key.number, { bytes, trustedComment, global }, untrustedComment);
}
