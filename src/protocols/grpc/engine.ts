import type { GrpcChannelOptions } from './client/channel-options.js';
import type { GrpcChannel } from './client/grpc-channel.js';
import { createNativeChannel } from './client/native-channel.js';
import { grpcJsMethods } from './grpc-js/adapters/server-methods.js';
import type { GrpcServer, GrpcServerOptions } from './server/grpc-server.js';
import { createNativeServer } from './server/server.js';
import { type GrpcEngine, resolveGrpcEngine } from './shared/grpc-engine.js';

export { createNativeChannel as createGrpcChannel };

/** Makes the channels and servers of an end. */
export interface GrpcEndpoints {
  /** Throws OptionsError. */
  createChannel(options: GrpcChannelOptions): GrpcChannel;
  /** A server serves any `:authority` (go-plugin's hosts send `unused`). Throws OptionsError. */
  createServer(options?: GrpcServerOptions): GrpcServer;
}

/** A gRPC server of the engine `native`. Any `:authority` is served (go-plugin's hosts send `unused`). Throws OptionsError. */
export function createGrpcServer(options: GrpcServerOptions = {}): GrpcServer {
  return createNativeServer(options, grpcJsMethods);
}

const NATIVE: GrpcEndpoints = { createChannel: createNativeChannel, createServer: createGrpcServer };

/** The implementation that an engine's name stands for. That of grpc-js is loaded here, so that nobody else pays for it. */
export async function loadGrpcEngine(name?: GrpcEngine): Promise<GrpcEndpoints> {
  if (resolveGrpcEngine(name) === 'native') return NATIVE;
  const [channels, servers] = await Promise.all([
    import('./grpc-js/engine/channel.js'),
    import('./grpc-js/engine/server.js'),
  ]);
  return { createChannel: channels.createStockChannel, createServer: servers.createGrpcJsServer };
}
