import { test as nodeTest, type TestContext } from 'node:test';
import type { GrpcServer, GrpcServerOptions } from '../../src/protocols/grpc/server/grpc-server.js';
import type { GrpcEngine } from '../../src/protocols/grpc/shared/grpc-engine.js';
import { ENDPOINTS, ENGINES } from './engines.js';

/** The engine of the servers of the current test. Tests of a file run one after the other. */
export let serverEngine: GrpcEngine = 'grpc-js';

/** Registers a test for each server engine. */
export function test(name: string, body: (t: TestContext) => void | Promise<void>): void {
  for (const engine of ENGINES) {
    nodeTest(`${name} [${engine}]`, async (t) => {
      serverEngine = engine;
      await body(t);
    });
  }
}

/** A server on the engine of the current test. */
export function createGrpcServer(options: GrpcServerOptions = {}): GrpcServer {
  return ENDPOINTS[serverEngine].createServer(options);
}
