import { grpcPlugin, type HandshakeConfig } from 'rxplug';
import { TickerDefinition } from './gen/ticker';

/** Shared by host and plugin. The cookie is in `package.json` too, for `rxplug`. */
export const handshake: HandshakeConfig = {
  protocolVersion: 1,
  magicCookieKey: 'TICKER_PLUGIN',
  magicCookieValue: 'ticker',
};

export const plugins = { ticker: grpcPlugin(TickerDefinition) };
