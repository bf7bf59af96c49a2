import type { Http2ClientSession } from '../../../transports/http2/engine.js';
import { ChannelCall } from './channel-call.js';
import type { ChannelEngine } from './channel-engine.js';
import type { ResolvedChannelOptions } from './channel-options.js';
import type { GrpcChannel } from './grpc-channel.js';
import { startKeepalive } from './keepalive.js';
import { ReconnectingChannel } from './reconnecting-channel.js';

/** A channel whose connections are HTTP/2 sessions, our own ones unless the options give another engine. */
export function createNativeChannel(options: ResolvedChannelOptions): GrpcChannel {
  const { http2Engine, http2, keepalive } = options;
  const engine: ChannelEngine<Http2ClientSession> = {
    begin: (dialed, events) => http2Engine.connect(dialed, events, http2),
    createCall: (host, path, callOptions, events) => new ChannelCall(host, path, callOptions, events),
    keepAlive: (session, hasCalls) =>
      keepalive === undefined ? () => {} : startKeepalive(session, keepalive, hasCalls),
  };
  return new ReconnectingChannel(options, engine);
}
