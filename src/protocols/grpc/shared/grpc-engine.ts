import { OptionsError } from '../../../errors.js';
import { DEFAULT_GRPC_ENGINE } from './default-grpc-engine.js';

/**
 * What an end's gRPC stands on. `native`: our own HTTP/2, calls and server. `grpc-js`: servers and channels are grpc-js's as they are, on
 * node:http2. The wire is the same, and each end chooses for itself.
 */
export type GrpcEngine = 'native' | 'grpc-js';

const ENGINES: readonly GrpcEngine[] = ['native', 'grpc-js'];

/** Checks and fills in the default. Throws OptionsError. */
export function resolveGrpcEngine(engine: GrpcEngine = DEFAULT_GRPC_ENGINE): GrpcEngine {
  if (ENGINES.includes(engine)) return engine;
  const known = ENGINES.map((name) => `'${name}'`);
  throw new OptionsError(`Expected the gRPC engine to be ${known.join(' or ')}, got \`${String(engine)}\`.`);
}
