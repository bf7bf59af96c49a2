import { nodeHttp2Engine } from '../../transports/http2/node-engine.js';
import { type GrpcChannelOptions, resolveChannelOptions } from './channel-options.js';
import type { GrpcChannel } from './grpc-channel.js';
import { createNativeChannel } from './native-channel.js';

/** A gRPC channel on the engine of its options. Throws OptionsError. */
export function createGrpcChannel(options: GrpcChannelOptions): GrpcChannel {
  const resolved = resolveChannelOptions(options);
  return createNativeChannel(resolved.engine === 'grpc-js' ? { ...resolved, http2Engine: nodeHttp2Engine } : resolved);
}
