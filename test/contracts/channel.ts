import type { GrpcEngine } from '../../src/protocols/grpc/shared/grpc-engine.js';
import { closing } from './channel/closing.js';
import { connecting } from './channel/connecting.js';
import { processes } from './channel/processes.js';
import { responses } from './channel/responses.js';
import { channelTests } from './channel/tests.js';
import { traffic } from './channel/traffic.js';

/** What every GrpcChannel does, whatever it is made of. The server is grpc-js's own and ours in turn, where it matters. */
export function channelContract(engine: GrpcEngine): void {
  const tests = channelTests(engine);
  connecting(tests);
  responses(tests);
  traffic(tests);
  closing(tests);
  processes(tests);
}
