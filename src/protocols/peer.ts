import type { ErrorDetails } from '../errors.js';
import type { ClientConnection } from './protocol.js';

/** What the peer is called in the errors of calls. */
export interface Peer {
  readonly peerName?: string | undefined;
  readonly peerVersion?: string | undefined;
}

/** The plugin as a peer. */
export function peerOf({ plugin, pluginVersion }: Pick<ClientConnection, 'plugin' | 'pluginVersion'>): {
  readonly peerName?: string;
  readonly peerVersion?: string;
} {
  return {
    ...(plugin === undefined ? {} : { peerName: plugin }),
    ...(pluginVersion === undefined ? {} : { peerVersion: pluginVersion }),
  };
}

/** The peer as it stands in an error. */
export function peerDetails({ peerName, peerVersion }: Peer): Pick<ErrorDetails, 'plugin' | 'version'> {
  return {
    ...(peerName === undefined ? {} : { plugin: peerName }),
    ...(peerVersion === undefined ? {} : { version: peerVersion }),
  };
}
