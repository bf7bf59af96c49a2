/** Imported before everything else, by `--import`: what does not choose a gRPC engine uses the one that RXPLUG_GRPC_ENGINE names. */
import { setDefaultGrpcEngine } from '../../src/protocols/grpc/shared/grpc-engine.js';

setDefaultGrpcEngine(process.env['RXPLUG_GRPC_ENGINE'] as 'native' | 'grpc-js');
