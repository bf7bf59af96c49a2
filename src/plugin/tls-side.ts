import type { CertificateAuthority } from '../transports/certificate.js';
import { mutualTls, type TlsConfig } from '../transports/tls.js';
import type { PluginEnvironment } from '../wire/environment.js';
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
): Promise<TlsSide> {
  const own = await options.tlsProvider?.();
  if (own !== undefined) return { tls: own };
  if (environment.clientCertificate === undefined) return {};
  const identity = await authority.issue();
  return { tls: mutualTls(identity, environment.clientCertificate), serverCertificate: identity.certificateDer };
}
