import { type CertificateAuthority, isCertificatePem } from '../transports/tls/certificate.js';
import { mutualTls, type TlsConfig } from '../transports/tls/tls.js';
import { ENV, type PluginEnvironment } from '../wire/handshake/environment.js';
import type { Logger } from '../wire/logs/logger.js';
import type { ServeOptions } from './options.js';

/** How a plugin secures its connections, and what it says of that in the handshake. */
export interface TlsSide {
  readonly tls?: TlsConfig;
  /** Field 6, in DER; AutoMTLS only. */
  readonly serverCertificate?: Uint8Array;
}

/** The application's own configuration wins, then AutoMTLS if the host asks for it, else none (go-plugin server.go Serve). */
export async function tlsSideOf(
  options: ServeOptions,
  environment: PluginEnvironment,
  authority: CertificateAuthority,
  logger: Logger,
): Promise<TlsSide> {
  const own = await options.tlsProvider?.();
  if (own !== undefined) return { tls: own };
  if (environment.clientCertificate === undefined) return {};
  if (!isCertificatePem(environment.clientCertificate))
    logger.error("the host's certificate cannot be read: no connection will be let in", {
      variable: ENV.clientCertificate,
    });
  const identity = await authority.issue();
  return { tls: mutualTls(identity, environment.clientCertificate), serverCertificate: identity.certificateDer };
}
