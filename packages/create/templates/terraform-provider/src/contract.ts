import { grpcPlugin, type HandshakeConfig } from 'rxplug';
import { ProviderDefinition } from './gen/tfplugin6.js';

/** Of every provider with protocol 6. */
export const handshake: HandshakeConfig = {
  protocolVersion: 6,
  magicCookieKey: 'TF_PLUGIN_MAGIC_COOKIE',
  magicCookieValue: 'd602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2',
};

export const plugins = { provider: grpcPlugin(ProviderDefinition) };
