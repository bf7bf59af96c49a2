import { OptionsError } from 'rxplug';
import { quote } from '../quote.js';
import { badKey, badSignature } from './fail.js';
import { checkStatement, IN_TOTO } from './release-statement.js';
import {
  identityTest,
  type SignerIdentity,
  type SigstoreIdentity,
  signerName,
  sigstoreIdentities,
} from './sigstore-identity.js';
import { linesOf } from './text.js';
import type { SignedRelease, Verifier } from './verifier.js';

/** A bundle has a few KB. */
const MAX_BUNDLE_BYTES = 1_048_576;
/** One of each is usual. Each costs a verification, and they are compared with each other. */
const MAX_PROOFS = 8;
/** What the lock holds. */
const MAX_SIGNER_CHARS = 512;

/** Whose bundles are good. */
export interface SigstoreOptions {
  /**
   * The authorities that are believed: the parsed JSON, or the text, of a `trusted_root.json`. It is part of the application: nothing is
   * asked over the network.
   */
  readonly trustedRoot: string | object;
  /** Who has to have signed. */
  readonly identity: SigstoreIdentity;
}

/** The packages of sigstore, and what is made of the trusted root with them. */
interface Sigstore {
  readonly bundle: typeof import('@sigstore/bundle');
  readonly verify: typeof import('@sigstore/verify');
  readonly verifier: import('@sigstore/verify').Verifier;
}

type Bundle = import('@sigstore/bundle').Bundle;

/**
 * The Verifier of sigstore's bundles, which hold a certificate of the signer's identity and the proof that a transparency log has the
 * signature. What is signed must be the statement of `releaseStatement`, which names the plugin and the version. Without a network. It
 * needs the packages `@sigstore/verify`, `@sigstore/bundle` and `@sigstore/protobuf-specs`, and loads them when it is used first. Of the
 * trusted signers one has to be of the demanded identity. Throws OptionsError.
 *
 * @example
 * ```ts
 * const verifier = sigstoreVerifier({
 *   trustedRoot: await readFile('trusted_root.json', 'utf8'),
 *   identity: { issuer: 'https://accounts.example', subject: 'release@acme.example' },
 * });
 * ```
 */
export function sigstoreVerifier(options: SigstoreOptions): Verifier {
  const root = rootOf(options?.trustedRoot);
  const isDemanded = identityTest(options.identity);
  const demanded = shown(options.identity);
  let loaded: Promise<Sigstore> | undefined;
  return {
    verify: async (release, trusted) => {
      loaded ??= load(root);
      const signer = signerOf(await loaded, release);
      if (!isDemanded(signer)) throw badSignature(`The signature is by ${shown(signer)}. Expected one by ${demanded}.`);
      if (trusted !== undefined && !sigstoreIdentities(trusted).some(isDemanded))
        throw badSignature(
          `The signature is by ${signerName(signer)}, and no trusted signer is of this identity. Name it in \`trust\`, by \`sigstoreSigner\`.`,
        );
      return { signer: signerName(signer) };
    },
  };
}

/** The signer of the statement of a release, whoever it is. */
function signerOf(sigstore: Sigstore, release: SignedRelease): SignerIdentity {
  const bundle = parseBundle(sigstore, release.signature);
  const payload = payloadOf(bundle);
  const signer = verified(sigstore, bundle);
  checkStatement(payload, release);
  return signer;
}

function parseBundle({ bundle }: Sigstore, signature: Uint8Array): Bundle {
  const text = linesOf(signature, MAX_BUNDLE_BYTES)?.join('\n');
  if (text === undefined) throw malformed('it is no text, or too long');
  let parsed: Bundle;
  try {
    parsed = bundle.bundleFromJSON(JSON.parse(text));
  } catch (error) {
    throw malformed((error as Error).message, error);
  }
  const { content, tlogEntries, timestampVerificationData } = parsed.verificationMaterial;
  if (content.$case === 'publicKey')
    throw malformed('it has a key and no certificate, so that nothing says whose it is');
  if (tlogEntries.length > MAX_PROOFS || (timestampVerificationData?.rfc3161Timestamps.length ?? 0) > MAX_PROOFS)
    throw malformed(`it has more than ${MAX_PROOFS} entries of logs, or timestamps`);
  return parsed;
}

function payloadOf({ content }: Bundle): Uint8Array {
  if (content.$case === 'messageSignature')
    throw badSignature(
      'The bundle signs the list of digests and nothing else: nothing in it names the plugin and the version. ' +
        'Sign the statement that `releaseStatement` makes: with cosign by `attest-blob` instead of `sign-blob`.',
    );
  const { payload, payloadType } = content.dsseEnvelope;
  if (payloadType !== IN_TOTO) throw malformed(`its payload is ${quote(payloadType)}, and not ${IN_TOTO}`);
  return payload;
}

/** Verifies the certificate, the log and the signature, each by the trusted root. */
function verified({ verify, verifier }: Sigstore, bundle: Bundle): SignerIdentity {
  let identity: import('@sigstore/verify').Signer['identity'];
  try {
    identity = verifier.verify(verify.toSignedEntity(bundle)).identity;
  } catch (error) {
    throw badSignature(
      `The bundle does not hold by the trusted root: ${quote((error as Error).message)}. It was changed, or is of another instance of sigstore; ` +
        'or it is newer than the trusted root: take the present trusted_root.json.',
      error,
    );
  }
  const subject = identity?.subjectAlternativeName;
  const issuer = identity?.extensions?.issuer;
  if (!subject || !issuer) throw malformed('its certificate names no subject and issuer');
  const signer = { issuer, subject };
  if (signerName(signer).length > MAX_SIGNER_CHARS) throw malformed('the names in its certificate are too long');
  return signer;
}

async function load(root: unknown): Promise<Sigstore> {
  const [bundle, verify, { TrustedRoot }] = await Promise.all([
    import('@sigstore/bundle'),
    import('@sigstore/verify'),
    import('@sigstore/protobuf-specs'),
  ]).catch((error: unknown) => {
    throw badSignature(
      `The packages of sigstore could not be loaded: ${(error as Error).message}. ` +
        'Install them: `npm install @sigstore/verify@3 @sigstore/bundle@4 @sigstore/protobuf-specs@0.5`.',
      error,
    );
  });
  try {
    const trusted = TrustedRoot.fromJSON(root);
    if (trusted.certificateAuthorities.length === 0 || trusted.tlogs.length === 0 || trusted.ctlogs.length === 0)
      throw new Error('it lacks certificate authorities, transparency logs or certificate logs');
    return { bundle, verify, verifier: new verify.Verifier(verify.toTrustMaterial(trusted)) };
  } catch (error) {
    throw badKey(
      `\`trustedRoot\` cannot be used: ${(error as Error).message}. Expected the content of a trusted_root.json.`,
      error,
    );
  }
}

/** A copy, which the caller does not change. */
function rootOf(trustedRoot: unknown): unknown {
  if (typeof trustedRoot === 'string' || (typeof trustedRoot === 'object' && trustedRoot !== null))
    try {
      const root: unknown = JSON.parse(typeof trustedRoot === 'string' ? trustedRoot : JSON.stringify(trustedRoot));
      if (typeof root === 'object' && root !== null) return root;
    } catch (cause) {
      throw new OptionsError(`\`trustedRoot\` is no JSON: ${(cause as Error).message}. Expected a trusted_root.json.`, {
        cause,
      });
    }
  throw new OptionsError(
    `Expected \`trustedRoot\` to be the parsed JSON, or the text, of a trusted_root.json, got ${quote(trustedRoot)}.`,
  );
}

function shown({ issuer, subject }: SigstoreIdentity): string {
  return `${typeof subject === 'string' ? quote(subject) : String(subject)} of ${quote(issuer)}`;
}

function malformed(reason: string, cause?: unknown) {
  return badSignature(`The signature is no bundle of sigstore that can be used: ${reason}.`, cause);
}
