import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { PluginError } from '../../../src/errors.js';
import {
  certificatePemOf,
  type SelfSignedOptions,
  selfSignedAuthority,
} from '../../../src/transports/tls/certificate.js';

/** keyUsage as in DER: the extension's id, critical, and the bits. keyCertSign is a CA's. */
const KEY_USAGE = { true: '0603551d0f0101ff0404030202ac', false: '0603551d0f0101ff0404030203a8' };
const BASIC_CONSTRAINTS = { true: '0603551d130101ff040530030101ff', false: '0603551d130101ff04023000' };

for (const options of [
  {},
  { curve: 'P-256', ca: true },
  { curve: 'P-521', ca: false },
  { curve: 'P-521', ca: true },
] as const) {
  const { curve = 'P-256', ca = false }: SelfSignedOptions = options;
  test(`T-01 a ${curve} certificate ${ca ? 'of a CA ' : ''}has the fields of go-plugin's AutoMTLS`, async () => {
    const identity = await selfSignedAuthority(options).issue();
    const certificate = new X509Certificate(identity.certificatePem);
    assert.equal(certificate.subject, 'O=HashiCorp\nCN=localhost');
    assert.equal(certificate.issuer, certificate.subject);
    assert.equal(certificate.subjectAltName, 'DNS:localhost');
    assert.equal(certificate.ca, ca);
    assert.ok(certificate.raw.toString('hex').includes(KEY_USAGE[`${ca}`]));
    assert.ok(certificate.raw.toString('hex').includes(BASIC_CONSTRAINTS[`${ca}`]));
    assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1']);
    assert.equal(certificate.checkHost('localhost'), 'localhost');
    assert.equal(certificate.checkPrivateKey(createPrivateKey(identity.keyPem)), true);
    assert.equal(certificate.verify(certificate.publicKey), true);
    assert.equal(
      certificate.publicKey.asymmetricKeyDetails?.namedCurve,
      curve === 'P-256' ? 'prime256v1' : 'secp521r1',
    );
    assert.deepEqual(certificate.raw, identity.certificateDer);
    assert.ok(identity.certificatePem.endsWith('-----END CERTIFICATE-----\n'));
  });
}

test('T-01 a certificate is valid from half a minute ago for thirty years, past the end of UTCTime', async () => {
  const before = Date.now();
  const certificate = new X509Certificate((await selfSignedAuthority().issue()).certificatePem);
  const from = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  assert.ok(from <= before - 29_000, certificate.validFrom);
  assert.ok(Math.abs(to - from - 262_980 * 3_600_000 - 30_000) <= 1000, certificate.validTo);
  assert.ok(new Date(to).getUTCFullYear() >= 2050);
  // Next to each other in the DER: UTCTime (tag 0x17, 13 bytes), then GeneralizedTime (tag 0x18, 15 bytes).
  const der = Buffer.from(certificate.raw);
  const at = der.indexOf(
    Buffer.concat([Buffer.from([0x17, 13]), Buffer.from(String(new Date(from).getUTCFullYear() - 2000))]),
  );
  assert.ok(at > 0);
  assert.deepEqual([...der.subarray(at + 15, at + 17)], [0x18, 15]);
  assert.equal(der.toString('latin1', at + 17, at + 21), String(new Date(to).getUTCFullYear()));
});

test('every issue has its own key and its own positive serial number', async () => {
  const authority = selfSignedAuthority({ curve: 'P-256' });
  const issued = await Promise.all(Array.from({ length: 16 }, () => authority.issue()));
  assert.equal(new Set(issued.map((identity) => identity.keyPem)).size, 16);
  const serials = issued.map((identity) => new X509Certificate(identity.certificatePem).serialNumber);
  assert.equal(new Set(serials).size, 16);
  for (const serial of serials) assert.match(serial, /^[4-7][0-9A-F]{31}$/);
});

test('wraps the DER of a peer as the PEM that it came from', async () => {
  const identity = await selfSignedAuthority().issue();
  assert.equal(certificatePemOf(identity.certificateDer), identity.certificatePem);
});

test('refuses bytes that are not a certificate', () => {
  assert.throws(
    () => certificatePemOf(Uint8Array.of(1, 2, 3)),
    (error) => PluginError.is(error) && error.code === 'ERR_CERTIFICATE',
  );
});
