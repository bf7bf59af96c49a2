import { type ConnectionOptions, createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { errorMessage, SecurityError } from '../../errors.js';
import type { Identity } from './certificate.js';

/** One configuration for both roles: whoever dials is the TLS client (go-plugin uses one `tls.Config` the same way). */
export interface TlsConfig extends SecureContextOptions {
  /** Name that the server's certificate is verified against and that is sent as SNI. @default 'localhost' */
  readonly serverName?: string;
  /** As server: demand a certificate of the client, and verify it against `ca`. @default true */
  readonly requireClientCertificate?: boolean;
  /** As client: replaces the check of the name in the server's certificate; return an Error to refuse. */
  readonly checkServerIdentity?: ConnectionOptions['checkServerIdentity'];
}

export interface TlsLayerOptions {
  /** Protocols to agree on, or fail: `['h2']` for gRPC, which grpc-go insists on too; none for net/rpc. */
  readonly alpn?: readonly string[];
  /** Bound of one TLS handshake. @default 10 000 ms */
  readonly handshakeTimeoutMs?: number;
}

export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** AutoMTLS, both roles: our identity, and trust in exactly one certificate, the peer's. */
export function mutualTls(identity: Identity, peerCertificatePem: string): TlsConfig {
  return {
    key: identity.keyPem,
    cert: identity.certificatePem,
    ca: [peerCertificatePem],
    serverName: 'localhost',
    requireClientCertificate: true,
  };
}

/** What node:tls is to be given for a role; TLS 1.2 is the least unless the configuration says otherwise. */
export function contextOptions(config: TlsConfig): SecureContextOptions {
  const { serverName: _, requireClientCertificate: __, checkServerIdentity: ___, ...context } = config;
  return { minVersion: 'TLSv1.2', ...context };
}

/** Throws SecurityError ERR_TLS for a configuration that OpenSSL does not take: a key that does not fit, PEM that is none. */
export function contextOf(config: TlsConfig): SecureContext {
  try {
    return createSecureContext(contextOptions(config));
  } catch (cause) {
    const why = errorMessage(cause);
    throw new SecurityError(
      'ERR_TLS',
      `The TLS configuration is not usable: ${why}. Check the key, the certificate and the CA.`,
      { cause },
    );
  }
}

/** Whether the handshake agreed on one of the wanted protocols. */
export function agreed(alpnProtocol: string | false | null, wanted: readonly string[]): boolean {
  return wanted.length === 0 || (typeof alpnProtocol === 'string' && wanted.includes(alpnProtocol));
}
