/** What definitions of each generator cost: the same messages and calls, of ts-proto, of protobuf-es, and of proto-loader for grpc-js. */
import { fileURLToPath } from 'node:url';
import { type Contender, compareAll } from './harness.js';
import { type Job, order, startJob } from './job.js';

const program = fileURLToPath(new URL('./peers/definition.js', import.meta.url));
const start = (generator: string): Promise<Job> => startJob([process.execPath, program, generator]);
await using tsProto = await start('ts-proto');
await using protobufEs = await start('protobuf-es');
await using protoLoader = await start('proto-loader');

function contenders(what: string, inFlight: number): Record<string, Contender> {
  const contender =
    (job: Job): Contender =>
    async (durationMs) => {
      const { done, seconds } = await order(job, what, inFlight, 0, durationMs);
      return done / seconds;
    };
  return {
    'ts-proto': contender(tsProto),
    'protobuf-es': contender(protobufEs),
    'proto-loader': contender(protoLoader),
  };
}

await compareAll({
  title: 'Messages and unary calls by definition',
  unit: 'per second',
  baseline: 'ts-proto',
  columns: {
    'a message of 100 B, encoded and decoded': contenders('put', 0),
    'the same within another': contenders('sync', 0),
    'calls of 100 B, both ends in one process, 64 in flight': contenders('calls', 64),
  },
});
