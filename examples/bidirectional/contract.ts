import { grpcPlugin, type HandshakeConfig } from 'rxplug';
import { MergerDefinition } from '../gen/merge.js';

export const handshake: HandshakeConfig = {
  protocolVersion: 1,
  magicCookieKey: 'MERGER_PLUGIN',
  magicCookieValue: 'hello',
};

export const plugins = { merger: grpcPlugin(MergerDefinition) };
