import type { PluginEnvironment } from '../wire/handshake/environment.js';

/** What a host says about itself in a plugin's environment. Which protocols it takes is not among it: the host refuses the others. */
export interface HostOffer {
  /** The protocol versions of the application that it has plugin sets for; empty for a host before there were several. */
  readonly versions: readonly number[];
  /** Whether brokered connections are to travel inside the main one: the protocol is gRPC then. */
  readonly multiplexing: boolean;
  /** Whether it asks for TLS with certificates for this one start. */
  readonly autoMtls: boolean;
  /** What it calls the plugin; of hosts of rxplug only. */
  readonly pluginName?: string;
}

export function hostOffer(environment: PluginEnvironment): HostOffer {
  const { hostVersions, multiplexEnabled, clientCertificate, pluginName } = environment;
  return {
    versions: hostVersions,
    multiplexing: multiplexEnabled,
    autoMtls: clientCertificate !== undefined,
    ...(pluginName === undefined ? {} : { pluginName }),
  };
}
