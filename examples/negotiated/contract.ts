import { grpcPlugin, type HandshakeConfig } from 'rxplug';
import { KVDefinition, ProbeDefinition } from '../gen/kv.js';

export const handshake: HandshakeConfig = {
  magicCookieKey: 'RXPLUG_NEGOTIATED_PLUGIN',
  magicCookieValue: '1e7a4c9e-2f0b-4a55-8a0c-9a0f6f9d3f5e',
};

/** Version 2 has the store; version 3 adds the probe. */
export const versionedPlugins = {
  2: { kv: grpcPlugin(KVDefinition) },
  3: { kv: grpcPlugin(KVDefinition), probe: grpcPlugin(ProbeDefinition) },
};
