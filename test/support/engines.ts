import { test as nodeTest } from 'node:test';
import type { GrpcChannelOptions } from '../../src/protocols/grpc/channel-options.js';
import { nodeHttp2Engine } from '../../src/transports/http2/node-engine.js';

/** What a channel stands on. */
export type ChannelEngineOptions = Pick<GrpcChannelOptions, 'engine' | 'http2Engine'>;

export const CHANNEL_ENGINES = {
  native: { engine: 'native' },
  'native on node:http2': { engine: 'native', http2Engine: nodeHttp2Engine },
} as const satisfies Readonly<Record<string, ChannelEngineOptions>>;

export type ChannelEngineName = keyof typeof CHANNEL_ENGINES;

/** What the test at hand is to run on. Tests of a file run one after the other. */
export let currentEngine: ChannelEngineOptions = CHANNEL_ENGINES.native;

/** The same test once per channel engine. */
export function test(name: string, body: () => void | Promise<void>): void {
  for (const [engine, options] of Object.entries(CHANNEL_ENGINES)) {
    nodeTest(`${name} [${engine}]`, async () => {
      currentEngine = options;
      await body();
    });
  }
}
