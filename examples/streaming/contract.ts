import { grpcPlugin, type HandshakeConfig } from 'rxplug';
import { TickerDefinition } from '../gen/ticker.js';

export const handshake: HandshakeConfig = {
  magicCookieKey: 'RXPLUG_TICKER_PLUGIN',
  magicCookieValue: 'c0c9ab1e-6d43-4b8e-b1a8-4c7be0d8c2b5',
};

export const plugins = { ticker: grpcPlugin(TickerDefinition) };
