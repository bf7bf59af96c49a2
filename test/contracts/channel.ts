import type { GrpcEngine } from '../../src/protocols/grpc/shared/grpc-engine.js';
import { closing } from './channel/closing.js';
import { connecting } from './channel/connecting.js';
import { processes } from './channel/processes.js';
import { responses } from './channel/responses.js';
import { type ChannelVariant, channelTests, PLAIN } from './channel/tests.js';
import { traffic } from './channel/traffic.js';

/** What every GrpcChannel does, whatever it is made of. The server is grpc-js's own and ours in turn, where it matters. */
export function channelContract(engine: GrpcEngine, variant: ChannelVariant = PLAIN): void {
  const tests = channelTests(engine, variant);
  connecting(tests);
  responses(tests);
  traffic(tests);
  closing(tests);
  processes(tests);
}
