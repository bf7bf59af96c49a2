import type { GrpcEngine } from '../../src/protocols/grpc/shared/grpc-engine.js';
import type { PluginPairOptions } from '../../src/testing/index.js';

/** A pair of which all servers and channels, main and brokered, stand on one engine. */
export function onEngine(engine: GrpcEngine): Pick<PluginPairOptions, 'host' | 'serve'> {
  const channel = { engine };
  const broker = { server: { engine }, channel };
  return { host: { channel, broker }, serve: { engine, broker } };
}
