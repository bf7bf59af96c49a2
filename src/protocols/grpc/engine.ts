import { connectHttp2 } from '../../transports/http2/open-session.js';
import type { GrpcChannel } from './client/channel.js';
import { type GrpcChannelOptions, resolveChannelOptions } from './client/channel-options.js';
import { ReconnectingChannel } from './client/reconnecting-channel.js';
import { grpcJsMethods } from './grpc-js/adapters/server-methods.js';
import type { GrpcServer, GrpcServerOptions } from './server/grpc-server.js';
import { createNativeServer } from './server/server.js';
import { type GrpcEngine, resolveGrpcEngine } from './shared/grpc-engine.js';

/** Makes the channels and servers of an end. */
export interface GrpcEndpoints {
  /** Throws OptionsError. */
  readonly createChannel: (options: GrpcChannelOptions) => GrpcChannel;
  /** A server serves any `:authority` (go-plugin's hosts send `unused`). Throws OptionsError. */
  readonly createServer: (options?: GrpcServerOptions) => GrpcServer;
}

/**
 * A gRPC channel of the engine `native`: over sessions of the library's own HTTP/2. Throws OptionsError.
 *
 * @example
 * const channel = createGrpcChannel({ dialer: dialerTo({ network: 'tcp', address: 'localhost:50051' }) });
 * const greeter = createGrpcClient(channel, GreeterDefinition);
 * console.log(await firstValueFrom(greeter.greet({ name: 'Ada' })));
 * await channel.close();
 */
export function createGrpcChannel(options: GrpcChannelOptions): GrpcChannel {
  const resolved = resolveChannelOptions(options);
  return new ReconnectingChannel(resolved, (dialed, events) => connectHttp2(dialed, events, resolved.http2));
}

/**
 * A gRPC server of the engine `native`. Any `:authority` is served (go-plugin's hosts send `unused`). Throws OptionsError.
 *
 * @example
 * const server = createGrpcServer();
 * server.addService(GreeterDefinition, { greet: ({ name }) => ({ greeting: `Hello ${name}!` }) });
 * const listener = await listen({ network: 'tcp' });
 * listener.connection$.subscribe((connection) => server.inject(connection));
 */
export function createGrpcServer(options: GrpcServerOptions = {}): GrpcServer {
  // Imported with this file, since services are added synchronously. It loads nothing of grpc-js itself.
  return createNativeServer(options, grpcJsMethods);
}

const NATIVE: GrpcEndpoints = { createChannel: createGrpcChannel, createServer: createGrpcServer };

/** The implementation of an engine. That of grpc-js is loaded here, so that it takes no time when it is not used. */
export async function loadGrpcEngine(name?: GrpcEngine): Promise<GrpcEndpoints> {
  if (resolveGrpcEngine(name) === 'native') return NATIVE;
  const [channels, servers] = await Promise.all([
    import('./grpc-js/engine/channel.js'),
    import('./grpc-js/engine/server.js'),
  ]);
  return { createChannel: channels.createChannel, createServer: servers.createGrpcJsServer };
}
