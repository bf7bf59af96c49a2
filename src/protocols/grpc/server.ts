import { resolveGrpcEngine } from './grpc-engine.js';
import { createGrpcJsServer } from './grpc-js-server.js';
import type { GrpcServer, GrpcServerOptions } from './grpc-server.js';
import { createNativeGrpcServer } from './native-server.js';

/** A gRPC server. Any `:authority` is served (go-plugin hosts send `unused`). */
export function createGrpcServer(options: GrpcServerOptions = {}): GrpcServer {
  return resolveGrpcEngine(options.engine) === 'grpc-js'
    ? createGrpcJsServer(options)
    : createNativeGrpcServer(options);
}
