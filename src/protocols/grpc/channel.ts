import { type GrpcChannelOptions, resolveChannelOptions } from './channel-options.js';
import type { GrpcChannel } from './grpc-channel.js';
import { createNativeChannel } from './native-channel.js';
import { createStockChannel } from './stock-channel.js';

/** A gRPC channel on the engine of its options. Throws OptionsError. */
export function createGrpcChannel(options: GrpcChannelOptions): GrpcChannel {
  const resolved = resolveChannelOptions(options);
  return resolved.engine === 'grpc-js' ? createStockChannel(resolved) : createNativeChannel(resolved);
}
