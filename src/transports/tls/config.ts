import { type ConnectionOptions, createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { errorMessage, SecurityError } from '../../errors.js';
import { explainRefusal } from './refusal.js';

/** One configuration for both roles, like go-plugin's `tls.Config`: the end that dials is the TLS client. */
export interface TlsConfig extends SecureContextOptions {
  /** Name that the server's certificate is verified against and that is sent as SNI. @default 'localhost' */
  readonly serverName?: string;
  /** As server: demand a certificate of the client, and verify it against `ca`. @default true */
  readonly requireClientCertificate?: boolean;
  /** As client: replaces the check of the name in the server's certificate; return an Error to refuse. */
  readonly checkServerIdentity?: ConnectionOptions['checkServerIdentity'];
}

export interface TlsLayerOptions {
  /** Protocols of ALPN, one of which both ends have to agree on: `['h2']` for gRPC, as in grpc-go; none for net/rpc. */
  readonly alpn?: readonly string[];
  /** Bound of one TLS handshake. @default 10 000 ms */
  readonly handshakeTimeoutMs?: number;
}

export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** The options of node:tls that both roles have; at least TLS 1.2 unless the configuration says otherwise. */
export function contextOptions(config: TlsConfig): SecureContextOptions {
  const { serverName: _, requireClientCertificate: __, checkServerIdentity: ___, ...context } = config;
  return { minVersion: 'TLSv1.2', ...context };
}

/** Throws SecurityError ERR_TLS for a configuration that OpenSSL refuses: malformed PEM, a key that does not belong to the certificate. */
export function contextOf(config: TlsConfig): SecureContext {
  return usable(config, () => createSecureContext(contextOptions(config)));
}

/** Runs what makes a context of the configuration. Throws as `contextOf`. */
export function usable<T>(config: TlsConfig, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    const why = errorMessage(cause);
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const cure = explainRefusal(code, config) ?? 'Check the key, the certificate and the CA.';
    throw new SecurityError('ERR_TLS', `The TLS configuration is not usable: ${why}. ${cure}`, { cause });
  }
}

/** Whether the handshake agreed on one of the wanted protocols. */
export function agreed(alpnProtocol: string | false | null, wanted: readonly string[]): boolean {
  return wanted.length === 0 || (typeof alpnProtocol === 'string' && wanted.includes(alpnProtocol));
}
