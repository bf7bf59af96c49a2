import { OptionsError } from '../../errors.js';
import type { Http2Engine } from '../../transports/http2/engine.js';
import { nodeHttp2Engine } from '../../transports/http2/node-engine.js';
import { rxHttp2Engine } from '../../transports/http2/rx-engine.js';
import { DEFAULT_GRPC_ENGINE } from './default-grpc-engine.js';

/**
 * What an end's gRPC stands on. `native`: our own HTTP/2, calls and server. `grpc-js`: servers are grpc-js's as they are, channels run on
 * node:http2, as grpc-js's do. The wire is the same, and each end chooses for itself.
 */
export type GrpcEngine = 'native' | 'grpc-js';

const HTTP2: Readonly<Record<GrpcEngine, Http2Engine>> = { native: rxHttp2Engine, 'grpc-js': nodeHttp2Engine };

/** Checks and fills in the default. Throws OptionsError. */
export function resolveGrpcEngine(engine: GrpcEngine = DEFAULT_GRPC_ENGINE): GrpcEngine {
  if (Object.hasOwn(HTTP2, engine)) return engine;
  const known = Object.keys(HTTP2).map((name) => `'${name}'`);
  throw new OptionsError(`Expected the gRPC engine to be ${known.join(' or ')}, got \`${String(engine)}\`.`);
}

/** What channels of an engine run on. */
export function http2EngineOf(engine: GrpcEngine): Http2Engine {
  return HTTP2[engine];
}
