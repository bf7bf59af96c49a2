import { X509Certificate } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';

/** How OpenSSL tells that the algorithm of a certificate is not permitted, here or at the peer, or that the ends share none. */
const ALGORITHM: ReadonlySet<string> = new Set([
  'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  'ERR_SSL_TLSV1_ALERT_INSUFFICIENT_SECURITY',
  'ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE',
  'ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM',
  'ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS',
  'ERR_SSL_WRONG_SIGNATURE_TYPE',
  'ERR_SSL_WRONG_CURVE',
  'ERR_SSL_NO_SUITABLE_GROUPS',
  'ERR_SSL_NO_SHARED_CIPHER',
  'ERR_SSL_NO_CIPHERS_AVAILABLE',
  'ERR_SSL_EE_KEY_TOO_SMALL',
  'ERR_SSL_CA_KEY_TOO_SMALL',
  'ERR_SSL_CA_MD_TOO_WEAK',
]);

const VERSION: ReadonlySet<string> = new Set([
  'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  'ERR_SSL_UNSUPPORTED_PROTOCOL',
  'ERR_SSL_NO_PROTOCOLS_AVAILABLE',
]);

const CURVES: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

const SUITS_ALL = "`selfSignedAuthority({ curve: 'P-256', ca: false })`";

/** What to do when a peer refuses the certificate that this end has made for AutoMTLS. */
export function refusedAutoMtls({ cert }: SecureContextOptions): string {
  return (
    `The certificate that this end made for AutoMTLS has ${algorithmOf(cert)}. If the peer's TLS library does not take it, bind ` +
    `CERTIFICATE_AUTHORITY to ${SUITS_ALL}, the default, which all take; otherwise the peer trusts another certificate than this one.`
  );
}

/** What to do when an endpoint refuses a host. */
export function refusedByEndpoint({ cert, pfx }: SecureContextOptions): string {
  if (cert === undefined && pfx === undefined)
    return 'This host has none, and the endpoint demands one: set `cert` and `key` in `endpoint.tls`.';
  const expired = expiryOf(cert);
  if (expired !== undefined) return `It has expired (${expired}): renew it.`;
  return 'Give the endpoint the CA that has signed it, or the certificate itself if it is self-signed, as `ca`.';
}

/** Since when a certificate is not valid any more. */
function expiryOf(cert: SecureContextOptions['cert']): string | undefined {
  const first = Array.isArray(cert) ? cert[0] : cert;
  try {
    const { validTo } = new X509Certificate(first ?? '');
    return Date.parse(validTo) < Date.now() ? validTo : undefined;
  } catch {
    return undefined;
  }
}

/** What OpenSSL did not permit, and what to do; undefined for codes that tell something else. */
export function explainRefusal(
  code: string,
  { cert, minVersion = 'TLSv1.2' }: SecureContextOptions,
): string | undefined {
  if (VERSION.has(code))
    return `The two ends have no version of TLS in common: this one speaks ${minVersion} or newer. Raise that of the other, or set \`minVersion\`.`;
  if (!ALGORITHM.has(code)) return undefined;
  const algorithm = algorithmOf(cert);
  const other = algorithm === 'ECDSA with P-256' ? '' : `, or use P-256 (${SUITS_ALL})`;
  return (
    `OpenSSL of one end does not permit an algorithm of the other; this end's certificate has ${algorithm}. ` +
    `Permit it on both ends (in openssl.cnf: SignatureAlgorithms, Groups, CipherString; or the security policy of the system)${other}.`
  );
}

/** The algorithm of a certificate's key, as far as it can be told. */
function algorithmOf(cert: SecureContextOptions['cert']): string {
  const first = Array.isArray(cert) ? cert[0] : cert;
  if (first === undefined) return 'no algorithm, for there is none';
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(first).publicKey;
    const { namedCurve, modulusLength } = asymmetricKeyDetails ?? {};
    if (namedCurve !== undefined) return `ECDSA with ${CURVES[namedCurve] ?? namedCurve}`;
    return modulusLength === undefined ? String(asymmetricKeyType) : `RSA with ${modulusLength} bits`;
  } catch {
    return 'an unknown algorithm';
  }
}
