import type { ContainerModuleLoadOptions } from 'inversify';
import type { HostParts } from '../../host/parts.js';
import type { PluginParts } from '../../plugin/plugin-parts.js';
import { dialerTo } from '../../transports/sockets/dial.js';
import { defaultNetwork, type ListenOptions, listen } from '../../transports/sockets/sockets.js';
import { selfSignedAuthority } from '../../transports/tls/certificate.js';
import { SAME_ADDRESSES } from '../../wire/handshake/address.js';
import type { PluginEnvironment } from '../../wire/handshake/environment.js';
import { CERTIFICATE_AUTHORITY, HOST_NETWORK, PLUGIN_LISTEN, PLUGIN_NETWORK } from '../tokens.js';
import { fill } from './fill.js';

/** Binds sockets and certificates, where nothing else is bound. */
export function fillTransports(options: ContainerModuleLoadOptions): void {
  fill(options, CERTIFICATE_AUTHORITY, selfSignedAuthority());
  fill(options, HOST_NETWORK, hostNetwork);
  fill(options, PLUGIN_LISTEN, (environment, network) => listen(listenOptionsOf(environment, network)));
  fill(options, PLUGIN_NETWORK, pluginNetwork);
}

const hostNetwork: HostParts['createNetwork'] = (translator, sockets) => ({
  dialerTo: (address) => dialerTo(address),
  listen: () => listen(sockets),
  pluginToHost: (address) => translator.pluginToHost(address),
  hostToPlugin: (address) => translator.hostToPlugin(address),
});

const pluginNetwork: PluginParts['createNetwork'] = (environment, network) => ({
  ...SAME_ADDRESSES,
  dialerTo: (address) => dialerTo(address),
  listen: () => listen(listenOptionsOf(environment, network)),
});

function listenOptionsOf(environment: PluginEnvironment, network = defaultNetwork()): ListenOptions {
  const { unixSocketDir, unixSocketGroup, ports } = environment;
  if (network === 'tcp') {
    if (ports instanceof Error) throw ports;
    return { network, ports };
  }
  return {
    network,
    ...(unixSocketDir === undefined ? {} : { socketDir: unixSocketDir }),
    ...(unixSocketGroup === undefined ? {} : { socketGroup: unixSocketGroup }),
  };
}
