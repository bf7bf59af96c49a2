import { test as nodeTest } from 'node:test';
import type { GrpcChannel } from '../../src/protocols/grpc/client/channel.js';
import type { GrpcChannelOptions } from '../../src/protocols/grpc/client/channel-options.js';
import { type GrpcEndpoints, loadGrpcEngine } from '../../src/protocols/grpc/engine.js';
import type { GrpcEngine } from '../../src/protocols/grpc/shared/grpc-engine.js';

/** Both engines, loaded. */
export const ENDPOINTS: Readonly<Record<GrpcEngine, GrpcEndpoints>> = {
  native: await loadGrpcEngine('native'),
  'grpc-js': await loadGrpcEngine('grpc-js'),
};

export const ENGINES: readonly GrpcEngine[] = ['native', 'grpc-js'];

/** Why grpc-js's channel cannot pass tests of the messages before a failure. */
export const FAILURE_OVERTAKES =
  'a failure is reported before messages that arrived earlier and were not delivered yet';

/** The engine of the current test. Tests of a file run one after the other. */
export let currentEngine: GrpcEngine = 'native';

/** Registers a test for each engine; `notStock` is the reason why it is skipped on grpc-js. */
export function test(name: string, body: () => void | Promise<void>, notStock?: string): void {
  for (const engine of ENGINES) {
    const skip = engine === 'grpc-js' && notStock !== undefined && `stock grpc-js: ${notStock}`;
    nodeTest(`${name} [${engine}]`, { skip }, async () => {
      currentEngine = engine;
      await body();
    });
  }
}

/** A channel on the engine of the current test. */
export function createChannel(options: GrpcChannelOptions): GrpcChannel {
  return ENDPOINTS[currentEngine].createChannel(options);
}
