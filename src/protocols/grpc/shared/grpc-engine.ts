import { OptionsError } from '../../../errors.js';

/**
 * The implementation of gRPC that an end uses for all of its channels and servers. `native`: the library's own, on its own HTTP/2.
 * `grpc-js`: channels and servers of `@grpc/grpc-js` on `node:http2`. The wire is the same, and each end chooses for itself.
 */
export type GrpcEngine = 'native' | 'grpc-js';

const ENGINES: readonly GrpcEngine[] = ['native', 'grpc-js'];

let defaultEngine: GrpcEngine = 'native';

/** Checks and fills in the default. Throws OptionsError. */
export function resolveGrpcEngine(engine: GrpcEngine = defaultEngine): GrpcEngine {
  if (ENGINES.includes(engine)) return engine;
  const known = ENGINES.map((name) => `'${name}'`);
  throw new OptionsError(`Expected the gRPC engine to be ${known.join(' or ')}, got \`${String(engine)}\`.`);
}

/** For the library's own tests, which run on both engines; not part of any package entry. */
export function setDefaultGrpcEngine(engine: GrpcEngine): void {
  defaultEngine = resolveGrpcEngine(engine);
}
