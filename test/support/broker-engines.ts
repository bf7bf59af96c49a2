import type { GrpcEngine } from '../../src/protocols/grpc/grpc-engine.js';
import type { PluginPairOptions } from '../../src/testing/index.js';
import { nodeHttp2Engine } from '../../src/transports/http2/node-engine.js';
import { rxHttp2Engine } from '../../src/transports/http2/rx-engine.js';

/** A pair of which all servers and channels, main and brokered, stand on one engine. */
export function onEngine(engine: GrpcEngine): Pick<PluginPairOptions, 'host' | 'serve'> {
  const channel = { engine: engine === 'native' ? rxHttp2Engine : nodeHttp2Engine };
  const broker = { server: { engine }, channel };
  return { host: { channel, broker }, serve: { engine, broker } };
}
