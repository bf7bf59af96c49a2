import { badSignature } from './fail.js';
import { minisignKeys, type PublicKey, parsePublicKey, signerName } from './public-key.js';
import { parseReleaseComment } from './release-comment.js';
import type { SignedRelease, Verifier } from './verifier.js';
import { type VerifyOptions, verifyMinisign } from './verify.js';

/**
 * The Verifier of minisign's signatures. The signed comment must name the plugin and the version, so that the list of another version or
 * another plugin cannot be passed off. Several trusted keys may be given, as while a new key replaces an old one. Where none is, the
 * key that the source offers is taken, which shows no more than that the source has it: show the key and ask.
 *
 * @example
 * ```ts
 * const { signer } = await minisignVerifier().verify({ name: 'acme/kv', version: '1.4.2', sums, signature }, [minisignKey('RWQ…')]);
 * ```
 */
export function minisignVerifier(options: VerifyOptions = {}): Verifier {
  return { verify: async (release, trusted) => ({ signer: signerName(verified(release, trusted, options)) }) };
}

function verified(release: SignedRelease, trusted: readonly string[] | undefined, options: VerifyOptions): PublicKey {
  const keys = trusted === undefined ? [offeredKey(release)] : minisignKeys(trusted);
  const { key, trustedComment } = verifyMinisign(release.sums, release.signature, keys, options);
  const { name, version } = parseReleaseComment(trustedComment);
  if (name !== release.name || version !== release.version)
    throw badSignature(
      `The signature is of ${name} ${version}, and not of ${release.name} ${release.version}: another list of digests was passed off for it.`,
    );
  return key;
}

/** The key that the source offers. */
function offeredKey({ publicKey }: SignedRelease): PublicKey {
  if (publicKey === undefined)
    throw badSignature(
      'The source does not offer the public key of the signature. Give the key of its signer: `trust`, or --trust RWQ….',
    );
  try {
    return parsePublicKey(publicKey);
  } catch (error) {
    throw badSignature(`The source offers a public key that is none: ${(error as Error).message}`, error);
  }
}
