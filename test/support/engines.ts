import { test as nodeTest } from 'node:test';
import type { GrpcChannelOptions } from '../../src/protocols/grpc/client/channel-options.js';
import type { GrpcChannel } from '../../src/protocols/grpc/client/grpc-channel.js';
import { type GrpcEndpoints, loadGrpcEngine } from '../../src/protocols/grpc/engine.js';
import type { GrpcEngine } from '../../src/protocols/grpc/shared/grpc-engine.js';

/** Both engines, loaded. */
export const ENDPOINTS: Readonly<Record<GrpcEngine, GrpcEndpoints>> = {
  native: await loadGrpcEngine('native'),
  'grpc-js': await loadGrpcEngine('grpc-js'),
};

export const ENGINES: readonly GrpcEngine[] = ['native', 'grpc-js'];

/** Why a test of what a stream gave before it failed is not for grpc-js's own channel. */
export const FAILURE_OVERTAKES = 'a failure overtakes the messages that came before it and were not handed out yet';

/** What the test at hand is to run on. Tests of a file run one after the other. */
export let currentEngine: GrpcEngine = 'native';

/** The same test once per channel engine; `notStock` says why grpc-js's own channel cannot pass it. */
export function test(name: string, body: () => void | Promise<void>, notStock?: string): void {
  for (const engine of ENGINES) {
    const skip = engine === 'grpc-js' && notStock !== undefined && `stock grpc-js: ${notStock}`;
    nodeTest(`${name} [${engine}]`, { skip }, async () => {
      currentEngine = engine;
      await body();
    });
  }
}

/** A channel on the engine of the test at hand. */
export function createChannel(options: GrpcChannelOptions): GrpcChannel {
  return ENDPOINTS[currentEngine].createChannel(options);
}
