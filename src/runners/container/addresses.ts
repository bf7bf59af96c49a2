import { posix } from 'node:path';
import { TransportError } from '../../errors.js';
import type { Address, AddressTranslator } from '../../wire/handshake/address.js';

/** The plugin's socket directory, as a path on the host and in the container. */
export interface SharedDir {
  readonly host: string;
  readonly container: string;
}

/**
 * Translates addresses of a container that shares one directory with the host: sockets in it have another path. TCP addresses are the
 * same on the network `host`. Throws TransportError ERR_DIAL for any other address, which cannot be reached.
 */
export function containerAddresses(dir: SharedDir, network: string): AddressTranslator {
  const reachable = (address: Address, from: string, to: string): Address => {
    if (address.network === 'tcp') {
      if (network === 'host') return address;
      throw new TransportError(
        'ERR_DIAL',
        `The address tcp ${address.address} cannot be reached across a container with the network ${network}: let both ends use unix sockets.`,
      );
    }
    const path = posix.normalize(address.address);
    if (path.startsWith(`${from}/`)) return { network: 'unix', address: to + path.slice(from.length) };
    throw new TransportError(
      'ERR_DIAL',
      `The unix socket ${address.address} is not in ${from}, the directory that host and container share. ` +
        'Expected the plugin to listen in the directory that PLUGIN_UNIX_SOCKET_DIR names (go-plugin 1.5.0 or newer).',
    );
  };
  return {
    pluginToHost: (address) => reachable(address, dir.container, dir.host),
    hostToPlugin: (address) => reachable(address, dir.host, dir.container),
  };
}
