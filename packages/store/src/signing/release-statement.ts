import { createHash } from 'node:crypto';
import { OptionsError } from 'rxplug';
import { quote } from '../quote.js';
import { badSignature } from './fail.js';
import { formatReleaseComment } from './release-comment.js';
import type { ReleaseToSign } from './sign-release.js';
import { parseSums } from './sums.js';
import { linesOf } from './text.js';

/** What the envelope says that its payload is. */
export const IN_TOTO = 'application/vnd.in-toto+json';

/** `predicateType` has to be a URI. */
const RELEASE = 'urn:rxplug:release:v1';
const STATEMENT = 'https://in-toto.io/Statement/v1';
/** cosign writes the version before, which has the same fields. */
const STATEMENTS: readonly unknown[] = [STATEMENT, 'https://in-toto.io/Statement/v0.1'];

/** cosign takes the name of the file that it is given. */
const SUBJECT = /^([A-Za-z0-9._+-]+_)?SHA256SUMS$/;
const MAX_BYTES = 16_384;

/**
 * The in-toto statement of a release, for sigstore: its subject is the list of digests, its predicate of the type `urn:rxplug:release:v1` names
 * the plugin and the version. Sign its UTF-8 as a DSSE envelope of the type `application/vnd.in-toto+json`. Throws OptionsError for a name or
 * version with a space, StoreError ERR_SIGNATURE for a malformed list.
 *
 * @example
 * ```ts
 * const statement = releaseStatement({ name: 'acme/kv', version: '1.4.2', sums: await readFile('kv_1.4.2_SHA256SUMS') });
 * ```
 */
export function releaseStatement({ name, version, sums }: ReleaseToSign): string {
  if (typeof name !== 'string' || typeof version !== 'string' || !(sums instanceof Uint8Array))
    throw new OptionsError('Expected the `name` and the `version` of the plugin, and the bytes of its list as `sums`.');
  formatReleaseComment({ name, version });
  parseSums(sums);
  return JSON.stringify({
    _type: STATEMENT,
    subject: [{ name: 'SHA256SUMS', digest: { sha256: sha256(sums) } }],
    predicateType: RELEASE,
    predicate: { name, version },
  });
}

/** Throws StoreError ERR_SIGNATURE unless a payload is the statement of this release. */
export function checkStatement(payload: Uint8Array, { name, version, sums }: ReleaseToSign): void {
  const { _type, subject, predicateType, predicate } = fieldsOf(parsed(payload));
  if (!STATEMENTS.includes(_type)) throw malformed(`its _type is ${quote(_type)}, and not ${STATEMENT}`);
  if (predicateType !== RELEASE) throw malformed(`its predicateType is ${quote(predicateType)}, and not ${RELEASE}`);
  const digest = digestOf(subject);
  if (digest !== sha256(sums))
    throw badSignature(
      `The statement is of a list of digests with the SHA-256 ${digest}, and not of this one: the list was changed, or is another one.`,
    );
  const signed = fieldsOf(predicate);
  const fields = Object.keys(signed);
  if (fields.length !== 2 || typeof signed['name'] !== 'string' || typeof signed['version'] !== 'string')
    throw malformed('its predicate is not { "name": …, "version": … }');
  if (signed['name'] !== name || signed['version'] !== version)
    throw badSignature(
      `The signature is of ${quote(signed['name'])} ${quote(signed['version'])}, and not of ${name} ${version}: another list of digests was passed off for it.`,
    );
}

function parsed(payload: Uint8Array): unknown {
  const text = linesOf(payload, MAX_BYTES)?.join('\n');
  if (text === undefined) throw malformed('it is no text, or too long');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed('it is no JSON', error);
  }
}

function digestOf(subject: unknown): string {
  if (!Array.isArray(subject) || subject.length !== 1) throw malformed('it has not exactly one subject');
  const { name, digest } = fieldsOf(subject[0]);
  if (typeof name !== 'string' || !SUBJECT.test(name))
    throw malformed(`its subject is ${quote(name)}, and not SHA256SUMS`);
  const { sha256: value } = fieldsOf(digest);
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) throw malformed('its subject has no SHA-256');
  return value;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function malformed(reason: string, cause?: unknown) {
  return badSignature(
    `What sigstore has signed is no statement of a release: ${reason}. Sign what \`releaseStatement\` makes.`,
    cause,
  );
}
