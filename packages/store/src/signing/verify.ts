import { createHash, verify } from 'node:crypto';
import { badSignature } from './fail.js';
import { keyObject, type PublicKey } from './public-key.js';
import { parseSignature } from './signature.js';

/** Whose signatures are good, and which. */
export interface VerifyOptions {
  /** Takes signatures of the bytes themselves too, which minisign made before its version 0.10. @default false */
  readonly legacy?: boolean;
}

/** What a good signature says. */
export interface Verified {
  readonly key: PublicKey;
  readonly trustedComment: string;
}

/**
 * Verifies a signature of minisign: that one of the keys has signed the message, and the trusted comment. Throws StoreError ERR_SIGNATURE;
 * a signature by a key that is not among them is told apart by the keys' numbers, before anything is computed.
 *
 * @example
 * ```ts
 * const { trustedComment } = verifyMinisign(await readFile('SHA256SUMS'), await readFile('SHA256SUMS.minisig'), [parsePublicKey('RWQ…')]);
 * ```
 */
export function verifyMinisign(
  message: Uint8Array,
  signatureFile: string | Uint8Array,
  keys: readonly PublicKey[],
  { legacy = false }: VerifyOptions = {},
): Verified {
  const signature = parseSignature(signatureFile);
  if (signature.isLegacy && !legacy)
    throw badSignature(
      'The signature is of minisign before 0.10, without a hash. Sign again with a newer minisign, without -l.',
    );
  const named = keys.filter(({ id }) => id === signature.keyId);
  if (named.length === 0) throw badSignature(`The signature is by the key ${signature.keyId}. ${trustedKeys(keys)}`);
  const signed = signature.isLegacy ? message : createHash('blake2b512').update(message).digest();
  const key = named.find((one) => verify(null, signed, keyObject(one), signature.bytes));
  if (key === undefined)
    throw badSignature(
      `The signature does not fit: what it is of was changed, or the key ${signature.keyId} has not signed it.`,
    );
  const global = Buffer.concat([signature.bytes, Buffer.from(signature.trustedComment)]);
  if (!verify(null, global, keyObject(key), signature.global))
    throw badSignature("The signature's trusted comment was changed: the signature of the comment does not fit.");
  return { key, trustedComment: signature.trustedComment };
}

function trustedKeys(keys: readonly PublicKey[]): string {
  if (keys.length === 0) return 'No key of minisign is trusted.';
  return `Trusted ${keys.length === 1 ? 'is' : 'are'} ${keys.map(({ id }) => id).join(', ')}.`;
}
