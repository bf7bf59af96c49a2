import type { ProtocolName } from '../protocols/contract.js';
import type { BrokerNetwork, ServerProtocolFactory } from '../protocols/protocol.js';
import type { CertificateAuthority } from '../transports/tls/certificate.js';
import type { Listener } from '../transports/transport.js';
import type { PluginEnvironment } from '../wire/handshake/environment.js';

/** The replaceable parts of a plugin. Each has a token of the container; an application that binds it replaces the default. */
export interface PluginParts {
  /** Opens the main listener. `network` is the option of `serve`, undefined for the platform's default. */
  readonly listen: (environment: PluginEnvironment, network: 'unix' | 'tcp' | undefined) => Promise<Listener>;
  /** Makes what dials the host's brokered listeners and opens the plugin's. */
  readonly createNetwork: (environment: PluginEnvironment, network: 'unix' | 'tcp' | undefined) => BrokerNetwork;
  /** Serves each protocol; a protocol without an entry cannot be served. */
  readonly protocols: Readonly<Partial<Record<ProtocolName, ServerProtocolFactory>>>;
  /** Issues the certificate of AutoMTLS. */
  readonly certificateAuthority: CertificateAuthority;
}
