import type { ProtocolName } from '../protocols/contract.js';
import type { BrokerNetwork, ServerProtocolFactory } from '../protocols/protocol.js';
import type { CertificateAuthority } from '../transports/tls/certificate.js';
import type { Listener } from '../transports/transport.js';
import type { PluginEnvironment } from '../wire/handshake/environment.js';

/** What a plugin is assembled from; the container binds these, and each can be rebound. */
export interface PluginParts {
  /** Binds the main listener where the host asks for it. */
  readonly listen: (environment: PluginEnvironment, network: 'unix' | 'tcp' | undefined) => Promise<Listener>;
  /** How this plugin dials the host and offers brokered listeners. */
  readonly createNetwork: (environment: PluginEnvironment, network: 'unix' | 'tcp' | undefined) => BrokerNetwork;
  readonly protocols: Readonly<Partial<Record<ProtocolName, ServerProtocolFactory>>>;
  readonly certificateAuthority: CertificateAuthority;
}
