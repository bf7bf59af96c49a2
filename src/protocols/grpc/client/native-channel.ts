import type { Http2ClientSession } from '../../../transports/http2/engine.js';
import { connectHttp2 } from '../../../transports/http2/open-session.js';
import { ChannelCall } from './channel-call.js';
import type { ChannelEngine } from './channel-engine.js';
import { type GrpcChannelOptions, resolveChannelOptions } from './channel-options.js';
import type { GrpcChannel } from './grpc-channel.js';
import { ReconnectingChannel } from './reconnecting-channel.js';

/** A channel whose connections are HTTP/2 sessions of our own. Throws OptionsError. */
export function createNativeChannel(options: GrpcChannelOptions): GrpcChannel {
  const resolved = resolveChannelOptions(options);
  const engine: ChannelEngine<Http2ClientSession> = {
    begin: (dialed, events) => connectHttp2(dialed, events, resolved.http2),
    createCall: (host, path, callOptions, events) => new ChannelCall(host, path, callOptions, events),
  };
  return new ReconnectingChannel(resolved, engine);
}
