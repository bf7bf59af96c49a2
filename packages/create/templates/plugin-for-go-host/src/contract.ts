import { grpcPlugin, type HandshakeConfig } from 'rxplug';
import { StoreDefinition } from './gen/store.js';

/** What the host's `HandshakeConfig` says, in `host/main.go`. The cookie is in `package.json` too, for `rxplug`. */
export const handshake: HandshakeConfig = {
  protocolVersion: 1,
  magicCookieKey: 'STORE_PLUGIN',
  magicCookieValue: 'a8f1c0d2',
};

/** The name is the key in the host's `PluginSet`. */
export const plugins = { store: grpcPlugin(StoreDefinition) };
