import { constants, X509Certificate } from 'node:crypto';
import { checkServerIdentity, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { Identity } from './certificate.js';
import type { TlsConfig } from './config.js';

const PEER = Symbol('peer');

/** A configuration that trusts one certificate alone: the peer has to present exactly its bytes, and to prove that it has the key. */
export interface AutoMtlsConfig extends TlsConfig {
  /** The certificate in DER; empty trusts nobody. */
  readonly [PEER]: Uint8Array;
}

/**
 * AutoMTLS, both roles: our identity, and trust in one certificate alone, the peer's. OpenSSL proves that the peer has its key, and checks
 * nothing else, because its check costs 16 ms in each process on Node 20: with any CA of one's own Node reads its built-in ones as well.
 * `refusalOf` checks the rest (docs/decisions/017-pinned-certificates.md).
 */
export function mutualTls(identity: Identity, peerCertificatePem: string): TlsConfig {
  const config: AutoMtlsConfig = {
    key: identity.keyPem,
    cert: identity.certificatePem,
    ca: [],
    serverName: 'localhost',
    requireClientCertificate: true,
    // The certificate is compared once: it must not be replaced later.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    [PEER]: derOf(peerCertificatePem),
  };
  return config;
}

/** Whether a configuration is that of AutoMTLS: the user has not written it, and `refusalOf` has to be asked after each handshake. */
export function isAutoMtls(config: TlsConfig): config is AutoMtlsConfig {
  return PEER in config;
}

/**
 * Why the peer of a completed handshake is refused; undefined for the one that is trusted, whose socket is `authorized` then. `peer` is
 * the role of the peer: a server's certificate has to have the name, too.
 */
export function refusalOf(socket: TLSSocket, config: AutoMtlsConfig, peer: 'client' | 'server'): Error | undefined {
  // Not `getPeerX509Certificate`: on a client its first call takes the certificate away (Node 20).
  const presented = socket.getPeerCertificate() as Partial<PeerCertificate>;
  const refusal = refusalOfCertificate(presented, config[PEER]);
  if (refusal !== undefined) return refusal;
  if (peer === 'server') {
    // As node:tls does it for a client, which is not asked to here.
    const check = config.checkServerIdentity ?? checkServerIdentity;
    const misnamed = check(config.serverName ?? 'localhost', presented as PeerCertificate);
    if (misnamed !== undefined) return misnamed;
  }
  authorize(socket);
  return undefined;
}

function refusalOfCertificate({ raw, ...presented }: Partial<PeerCertificate>, trusted: Uint8Array): Error | undefined {
  if (raw === undefined) return new Error('the peer presents no certificate');
  if (trusted.length === 0 || !raw.equals(trusted))
    return new Error('the peer presents another certificate than the one that it announced');
  const now = Date.now();
  // Written so that a date that cannot be read is refused, too.
  if (!(Date.parse(presented.valid_from ?? '') <= now)) return new Error("the peer's certificate is not valid yet");
  if (!(now <= Date.parse(presented.valid_to ?? ''))) return new Error("the peer's certificate has expired");
  return undefined;
}

/** What node:tls would have said, for those who ask the socket: grpc-js does, for `getAuthContext`. */
function authorize(socket: TLSSocket): void {
  Object.assign(socket, { authorized: true, authorizationError: null });
}

function derOf(pem: string): Uint8Array {
  try {
    return new X509Certificate(pem).raw;
  } catch {
    return new Uint8Array();
  }
}
