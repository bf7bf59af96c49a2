import { OptionsError } from 'rxplug';
import { quote } from '../quote.js';
import { badKey } from './fail.js';

/** Before an identity where the lock and options name a signer. */
const SCHEME = 'sigstore:';

/** Who a certificate of sigstore has to be of. */
export interface SigstoreIdentity {
  /** Who has vouched for the subject: the address of its OpenID Connect provider, exactly. */
  readonly issuer: string;
  /** The whole name, an address or an e-mail address: exactly, or what all of it has to match. */
  readonly subject: string | RegExp;
}

/** An identity that a certificate names, or a signer in the lock. */
export interface SignerIdentity extends SigstoreIdentity {
  readonly subject: string;
}

/**
 * The name of a signer, for `trust`, of an identity of sigstore. Throws OptionsError.
 *
 * @example
 * ```ts
 * const trust = [sigstoreSigner({ issuer: 'https://accounts.example', subject: 'release@acme.example' })];
 * ```
 */
export function sigstoreSigner(identity: SignerIdentity): string {
  checkIdentity(identity);
  if (typeof identity.subject !== 'string')
    throw new OptionsError(
      'Expected `subject` to be a string: a signer is named exactly, also where a verifier takes a RegExp.',
    );
  return signerName(identity);
}

/** The name of a signer, as the lock has it: a word without spaces, which the lock demands. An issuer has no `#`, by OpenID Connect. */
export function signerName({ issuer, subject }: SignerIdentity): string {
  return `${SCHEME}${word(issuer).replaceAll('#', '%23')}#${word(subject)}`;
}

/** The identities among the signers. Throws StoreError ERR_KEY for one that is malformed. */
export function sigstoreIdentities(signers: readonly string[]): SignerIdentity[] {
  return signers.filter((signer) => signer.startsWith(SCHEME)).map(parseSigner);
}

/** Makes the test of whether an identity is the one that is demanded. Throws OptionsError for one that is none. */
export function identityTest(identity: SigstoreIdentity): (one: SignerIdentity) => boolean {
  checkIdentity(identity);
  const { issuer, subject } = identity;
  if (typeof subject === 'string') return (one) => one.issuer === issuer && one.subject === subject;
  // A part of a subject could be in anybody's; and the flags g and y would make each answer depend on the one before.
  const whole = new RegExp(`^(?:${subject.source})$`, subject.flags.replaceAll(/[gmy]/g, ''));
  return (one) => one.issuer === issuer && whole.test(one.subject);
}

function checkIdentity(identity: unknown): asserts identity is SigstoreIdentity {
  const { issuer, subject } = (identity ?? {}) as Partial<Record<string, unknown>>;
  if (!isName(issuer))
    throw new OptionsError(
      `Expected \`issuer\` to be the address of an OpenID Connect provider, such as https://token.actions.githubusercontent.com, got ${quote(issuer)}.`,
    );
  if (!isName(subject) && !(subject instanceof RegExp))
    throw new OptionsError(
      `Expected \`subject\` to be the whole subject of a certificate, or a RegExp that matches all of it, got ${quote(subject)}.`,
    );
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !/[\p{Cc}\p{Cs}]/u.test(value);
}

function parseSigner(signer: string): SignerIdentity {
  const [, issuer, subject] = /^sigstore:([^#]+)#(.+)$/s.exec(signer) ?? [];
  try {
    if (issuer !== undefined && subject !== undefined)
      return { issuer: decodeURIComponent(issuer), subject: decodeURIComponent(subject) };
  } catch {
    // Told below.
  }
  throw badKey(
    `${quote(signer)} is no signer of sigstore: expected sigstore:ISSUER#SUBJECT, as \`sigstoreSigner\` makes it.`,
  );
}

function word(text: string): string {
  return text.replaceAll(/[^\x21-\x24\x26-\x7e]+/g, encodeURIComponent);
}
