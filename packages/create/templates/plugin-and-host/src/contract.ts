import { grpcPlugin, type HandshakeConfig } from 'rxplug';
import { GreeterDefinition } from './gen/greeter.js';

/** Shared by host and plugin. The cookie is in `package.json` too, for `rxplug`. */
export const handshake: HandshakeConfig = {
  protocolVersion: 1,
  magicCookieKey: 'GREETER_PLUGIN',
  magicCookieValue: 'hello',
};

export const plugins = { greeter: grpcPlugin(GreeterDefinition) };
