import { test as nodeTest } from 'node:test';
import type { GrpcChannelOptions } from '../../src/protocols/grpc/client/channel-options.js';
import { nodeHttp2Engine } from '../../src/transports/http2/node-engine.js';

/** What a channel stands on. */
export type ChannelEngineOptions = Pick<GrpcChannelOptions, 'engine' | 'http2Engine'>;

export const CHANNEL_ENGINES = {
  native: { engine: 'native' },
  'grpc-js': { engine: 'grpc-js' },
  'native on node:http2': { engine: 'native', http2Engine: nodeHttp2Engine },
} as const satisfies Readonly<Record<string, ChannelEngineOptions>>;

export type ChannelEngineName = keyof typeof CHANNEL_ENGINES;

/** Why a test of what a stream gave before it failed is not for grpc-js's own channel. */
export const FAILURE_OVERTAKES = 'a failure overtakes the messages that came before it and were not handed out yet';

/** What the test at hand is to run on. Tests of a file run one after the other. */
export let currentEngine: ChannelEngineOptions = CHANNEL_ENGINES.native;

/** The same test once per channel engine; `notStock` says why grpc-js's own channel cannot pass it. */
export function test(name: string, body: () => void | Promise<void>, notStock?: string): void {
  for (const [engine, options] of Object.entries(CHANNEL_ENGINES)) {
    const skip = options.engine === 'grpc-js' && notStock !== undefined && `stock grpc-js: ${notStock}`;
    nodeTest(`${name} [${engine}]`, { skip }, async () => {
      currentEngine = options;
      await body();
    });
  }
}
