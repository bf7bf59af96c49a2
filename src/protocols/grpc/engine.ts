import { type GrpcChannelOptions, resolveChannelOptions } from './client/channel-options.js';
import type { GrpcChannel } from './client/grpc-channel.js';
import { createNativeChannel } from './client/native-channel.js';
import { createStockChannel } from './grpc-js/engine/channel.js';
import { createGrpcJsServer } from './grpc-js/engine/server.js';
import type { GrpcServer, GrpcServerOptions } from './server/grpc-server.js';
import { createNativeGrpcServer } from './server/native-server.js';
import { resolveGrpcEngine } from './shared/grpc-engine.js';

/** A gRPC channel on the engine of its options. Throws OptionsError. */
export function createGrpcChannel(options: GrpcChannelOptions): GrpcChannel {
  const resolved = resolveChannelOptions(options);
  return resolved.engine === 'grpc-js' ? createStockChannel(resolved) : createNativeChannel(resolved);
}

/** A gRPC server on the engine of its options. Any `:authority` is served (go-plugin hosts send `unused`). */
export function createGrpcServer(options: GrpcServerOptions = {}): GrpcServer {
  return resolveGrpcEngine(options.engine) === 'grpc-js'
    ? createGrpcJsServer(options)
    : createNativeGrpcServer(options);
}
