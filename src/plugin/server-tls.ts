import { type CertificateAuthority, isCertificatePem } from '../transports/tls/certificate.js';
import { mutualTls, type TlsConfig } from '../transports/tls/tls.js';
import { ENV, type PluginEnvironment } from '../wire/handshake/environment.js';
import type { Logger } from '../wire/logs/logger.js';
import type { ServeOptions } from './options.js';

/** The TLS of a plugin's connections. */
export interface ServerTls {
  /** Undefined for plain text. */
  readonly tls?: TlsConfig;
  /** The certificate for field 6 of the handshake, in DER; AutoMTLS only. */
  readonly serverCertificate?: Uint8Array;
}

/** The option `tlsProvider` wins, then AutoMTLS if the host asks for it, else there is no TLS (go-plugin server.go Serve). */
export async function resolveServerTls(
  options: ServeOptions,
  environment: PluginEnvironment,
  authority: CertificateAuthority,
  logger: Logger,
): Promise<ServerTls> {
  const provided = await options.tlsProvider?.();
  if (provided !== undefined) return { tls: provided };
  if (environment.clientCertificate === undefined) return {};
  if (!isCertificatePem(environment.clientCertificate))
    logger.error("the host's certificate cannot be parsed: every connection will be refused", {
      variable: ENV.clientCertificate,
    });
  const identity = await authority.issue();
  return { tls: mutualTls(identity, environment.clientCertificate), serverCertificate: identity.certificateDer };
}
