import type { HostParts } from '../host/parts.js';
import type { PluginParts } from '../plugin/plugin-parts.js';
import { dialerTo } from '../transports/sockets/dial.js';
import { defaultNetwork, type ListenOptions, listen } from '../transports/sockets/socket-transport.js';
import { SAME_ADDRESSES } from '../wire/handshake/address.js';
import type { PluginEnvironment } from '../wire/handshake/environment.js';

/** A host's sockets. */
export const hostNetwork: HostParts['createNetwork'] = (translator, sockets) => ({
  dialerTo: (address) => dialerTo(address),
  listen: () => listen(sockets),
  pluginToHost: (address) => translator.pluginToHost(address),
  hostToPlugin: (address) => translator.hostToPlugin(address),
});

/** A plugin's main listener: in the directory, or in the range of ports, that the host asks for. */
export const pluginListen: PluginParts['listen'] = (environment, network) =>
  listen(listenOptionsOf(environment, network));

/** A plugin's sockets. */
export const pluginNetwork: PluginParts['createNetwork'] = (environment, network) => ({
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
