import { grpcPlugin, type HandshakeConfig } from 'rxplug';
import { KVDefinition, ProbeDefinition } from '../gen/kv.js';

/** Shared by host and plugin. */
export const handshake: HandshakeConfig = {
  protocolVersion: 1,
  magicCookieKey: 'RXPLUG_KV_PLUGIN',
  magicCookieValue: '6d1c1d6b-8a4e-4b5e-9a6a-2d7c6f2b4c1e',
};

export const plugins = { kv: grpcPlugin(KVDefinition), probe: grpcPlugin(ProbeDefinition) };
