import { realpath } from 'node:fs/promises';
import { posix } from 'node:path';
import { TransportError } from '../../errors.js';
import type { Address, AddressTranslator } from '../../wire/handshake/address.js';

/**
 * Addresses are the same in a sandbox; this refuses those that cannot be reached, and those by which a plugin would make its host connect
 * to somebody else's socket: outside the socket directory, or through a symbolic link in it. Rejects with TransportError ERR_DIAL.
 */
export function sandboxAddresses(socketDir: string, network: 'none' | 'host'): AddressTranslator {
  const check = (address: Address): Address => {
    if (address.network === 'tcp') {
      if (network === 'host') return address;
      throw refused(
        address,
        "the sandbox has no network. Let the plugin listen on a unix socket, or give the sandbox `network: 'host'`",
      );
    }
    if (posix.normalize(address.address).startsWith(`${socketDir}/`)) return address;
    throw refused(
      address,
      `it is not in ${socketDir}, the directory that host and plugin share. Expected the plugin to listen in the directory that ` +
        'PLUGIN_UNIX_SOCKET_DIR names (go-plugin 1.5.0 or newer)',
    );
  };
  return {
    pluginToHost: async (address) => {
      const checked = check(address);
      if (checked.network === 'unix') await refuseLink(checked, socketDir);
      return checked;
    },
    hostToPlugin: check,
  };
}

async function refuseLink(address: Address, socketDir: string): Promise<void> {
  const path = posix.normalize(address.address);
  const [real, root] = await Promise.all([realpath(path), realpath(socketDir)]).catch((): [] => []);
  if (real === undefined || root === undefined) throw refused(address, 'there is no such socket');
  if (real !== root + path.slice(socketDir.length))
    throw refused(address, 'it is a symbolic link, which may lead out of the sandbox');
}

function refused({ network, address }: Address, why: string): TransportError {
  return new TransportError(
    'ERR_DIAL',
    `The address ${network} ${address} of a plugin in a sandbox cannot be used: ${why}.`,
  );
}
