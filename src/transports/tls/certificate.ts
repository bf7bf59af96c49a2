import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import type { asn1 } from 'node-forge';
import { OptionsError, SecurityError } from '../../errors.js';
import { checkOptions } from '../../wire/option-names.js';

type Asn1 = asn1.Asn1;
type Asn1Module = typeof asn1;

/** A private key with its certificate, with which one end of a connection authenticates itself. */
export interface Identity {
  /** PKCS #8 PEM. */
  readonly keyPem: string;
  /** X.509 PEM with its trailing newline, as `PLUGIN_CLIENT_CERT` carries it. */
  readonly certificatePem: string;
  /** The same certificate as DER; field 6 of the handshake carries it in base64. */
  readonly certificateDer: Uint8Array;
}

/** Issues the identity that one end uses for one launch of a plugin; injectable. */
export interface CertificateAuthority {
  issue(): Promise<Identity>;
}

/** The elliptic curve of a certificate's key. */
export type Curve = 'P-256' | 'P-521';

const CURVES = {
  'P-256': { hash: 'sha256', signature: '1.2.840.10045.4.3.2' },
  'P-521': { hash: 'sha512', signature: '1.2.840.10045.4.3.4' },
} as const;

const CLOCK_SKEW_MS = 30_000;
const VALIDITY_MS = 262_980 * 3_600_000;
/** digitalSignature, keyEncipherment, keyAgreement; of a CA also keyCertSign. */
const KEY_USAGE = { bits: 0xa8, unusedBits: 3 };
const CA_KEY_USAGE = { bits: 0xac, unusedBits: 2 };

/** What differs between self-signed certificates. */
export interface SelfSignedOptions {
  /** BoringSSL (gRPC's C core) knows no P-521. @default 'P-256' */
  readonly curve?: Curve;
  /** Marks the certificate as that of a CA, as go-plugin does; rustls does not accept that from a peer. @default false */
  readonly ca?: boolean;
}

/**
 * Self-signed one-time certificates as go-plugin's mtls.go makes them: EC key, O=HashiCorp CN=localhost, SAN DNS localhost, client and
 * server authentication, valid from half a minute ago for thirty years. go-plugin's own have the curve P-521 and `ca`; by default ours
 * have neither, which suits the TLS libraries of all gRPC implementations.
 */
export function selfSignedAuthority(options: SelfSignedOptions = {}): CertificateAuthority {
  checkOptions('selfSignedAuthority', options, ['curve', 'ca']);
  const { curve = 'P-256', ca = false } = options;
  if (!Object.hasOwn(CURVES, curve))
    throw new OptionsError(`Expected \`curve\` to be 'P-256' or 'P-521', got ${JSON.stringify(curve)}.`);
  return { issue: () => issue(curve, ca) };
}

/** Whether a text begins with a certificate in PEM. node:tls ignores text that does not. */
export function isCertificatePem(text: string): boolean {
  try {
    return new X509Certificate(text).raw.length > 0;
  } catch {
    return false;
  }
}

/** Wraps a DER certificate of the peer as PEM, after checking that it is one. Throws SecurityError ERR_CERTIFICATE. */
export function certificatePemOf(der: Uint8Array): string {
  try {
    return pem('CERTIFICATE', new X509Certificate(der).raw);
  } catch (cause) {
    throw new SecurityError(
      'ERR_CERTIFICATE',
      `The peer's certificate (${der.byteLength} bytes) is not a DER encoded X.509 certificate.`,
      { cause },
    );
  }
}

async function issue(curve: Curve, ca: boolean): Promise<Identity> {
  // Loaded on demand: only AutoMTLS needs it, and every other start is faster without (docs/decisions/002).
  const { default: asn1 } = await import('node-forge/lib/asn1.js');
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: curve });
  const { hash, signature } = CURVES[curve];
  const der = new DerBuilder(asn1);
  const algorithm = () => der.sequence(der.oid(signature));
  const body = toBeSigned(der, algorithm(), { publicKey, ca }, Date.now());
  const signed = sign(hash, Buffer.from(asn1.toDer(body).getBytes(), 'binary'), privateKey);
  const certificate = der.sequence(body, algorithm(), der.bits(signed));
  const certificateDer = Buffer.from(asn1.toDer(certificate).getBytes(), 'binary');
  return {
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificatePem: pem('CERTIFICATE', certificateDer),
    certificateDer,
  };
}

/** Whose certificate it is. */
interface Subject {
  readonly publicKey: KeyObject;
  readonly ca: boolean;
}

function toBeSigned(der: DerBuilder, algorithm: Asn1, { publicKey, ca }: Subject, nowMs: number): Asn1 {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const name = () => der.name([der.oid('2.5.4.10'), 'HashiCorp'], [der.oid('2.5.4.3'), 'localhost']);
  return der.sequence(
    der.context(0, der.integer(Uint8Array.of(2))),
    der.integer(positiveSerial()),
    algorithm,
    name(),
    der.sequence(der.time(nowMs - CLOCK_SKEW_MS), der.time(nowMs + VALIDITY_MS)),
    name(),
    der.parsed(spki),
    der.context(3, der.sequence(...extensions(der, spki, ca))),
  );
}

function extensions(der: DerBuilder, spki: Uint8Array, ca: boolean): Asn1[] {
  const { bits, unusedBits } = ca ? CA_KEY_USAGE : KEY_USAGE;
  const keyId = createHash('sha1').update(spki).digest();
  return [
    der.extension('2.5.29.15', true, der.bits(Uint8Array.of(bits), unusedBits)),
    der.extension('2.5.29.37', false, der.sequence(der.oid('1.3.6.1.5.5.7.3.2'), der.oid('1.3.6.1.5.5.7.3.1'))),
    der.extension('2.5.29.19', true, ca ? der.sequence(der.boolean(true)) : der.sequence()),
    der.extension('2.5.29.14', false, der.octets(keyId)),
    der.extension('2.5.29.17', false, der.sequence(der.dnsName('localhost'))),
  ];
}

/** 127 random bits with the top bit clear, so that DER reads it as positive, and never zero. */
function positiveSerial(): Uint8Array {
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  return serial;
}

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der.buffer, der.byteOffset, der.byteLength)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** Builds the DER values that a certificate consists of. */
class DerBuilder {
  readonly #asn1: Asn1Module;

  constructor(asn1: Asn1Module) {
    this.#asn1 = asn1;
  }

  sequence(...items: Asn1[]): Asn1 {
    return this.#universal(this.#asn1.Type.SEQUENCE, true, items);
  }

  oid(dotted: string): Asn1 {
    return this.#universal(this.#asn1.Type.OID, false, this.#asn1.oidToDer(dotted).getBytes());
  }

  integer(bytes: Uint8Array): Asn1 {
    return this.#universal(this.#asn1.Type.INTEGER, false, binary(bytes));
  }

  boolean(value: boolean): Asn1 {
    return this.#universal(this.#asn1.Type.BOOLEAN, false, value ? '\xff' : '\0');
  }

  octets(bytes: Uint8Array): Asn1 {
    return this.#universal(this.#asn1.Type.OCTETSTRING, false, binary(bytes));
  }

  bits(bytes: Uint8Array, unusedBits = 0): Asn1 {
    return this.#universal(this.#asn1.Type.BITSTRING, false, String.fromCharCode(unusedBits) + binary(bytes));
  }

  /** RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on. */
  time(epochMs: number): Asn1 {
    const date = new Date(epochMs);
    const type = this.#asn1.Type;
    return date.getUTCFullYear() < 2050
      ? this.#universal(type.UTCTIME, false, this.#asn1.dateToUtcTime(date) as string)
      : this.#universal(type.GENERALIZEDTIME, false, this.#asn1.dateToGeneralizedTime(date) as string);
  }

  context(tag: number, content: Asn1): Asn1 {
    return this.#asn1.create(this.#asn1.Class.CONTEXT_SPECIFIC, tag, true, [content]);
  }

  dnsName(name: string): Asn1 {
    return this.#asn1.create(this.#asn1.Class.CONTEXT_SPECIFIC, 2, false, name);
  }

  parsed(der: Uint8Array): Asn1 {
    return this.#asn1.fromDer(binary(der));
  }

  extension(oid: string, critical: boolean, value: Asn1): Asn1 {
    const content = this.octets(Buffer.from(this.#asn1.toDer(value).getBytes(), 'binary'));
    return critical ? this.sequence(this.oid(oid), this.boolean(true), content) : this.sequence(this.oid(oid), content);
  }

  name(...attributes: [Asn1, string][]): Asn1 {
    const { SET, PRINTABLESTRING } = this.#asn1.Type;
    return this.sequence(
      ...attributes.map(([oid, value]) =>
        this.#universal(SET, true, [this.sequence(oid, this.#universal(PRINTABLESTRING, false, value))]),
      ),
    );
  }

  #universal(type: number, constructed: boolean, value: string | Asn1[]): Asn1 {
    return this.#asn1.create(this.#asn1.Class.UNIVERSAL, type, constructed, value);
  }
}

function binary(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('binary');
}
