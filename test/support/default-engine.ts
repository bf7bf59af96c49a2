/** Imported before everything else, by `--import`: what does not choose a gRPC engine uses the one that RXPLUG_GRPC_ENGINE names. */
import { type GrpcEngine, setDefaultGrpcEngine } from '../../src/protocols/grpc/shared/grpc-engine.js';

const engine = process.env['RXPLUG_GRPC_ENGINE'] as GrpcEngine;
setDefaultGrpcEngine(engine);
// The published files have their own copy, under a name of their own.
const core = (await import(new URL('../../node/core.js', import.meta.url).href)) as Record<
  string,
  typeof setDefaultGrpcEngine
>;
Object.entries(core).find(([name]) => name.startsWith('setDefaultGrpcEngine$'))![1](engine);
