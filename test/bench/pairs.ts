import { fileURLToPath } from 'node:url';
import type { Sample } from './harness.js';
import { type Job, order, startJob, type Work } from './job.js';

/** A client and a server that are measured together, each in a process of its own. */
export interface Pair {
  unary(inFlight: number, bytes: number, durationMs: number): Promise<Sample>;
  /** One stream after the other, each of so many messages of a size, from the server or to it. */
  stream(direction: 'down' | 'up', size: number, messages: number, durationMs: number): Promise<Sample>;
}

/** CPU time of the server's process so far. */
type CpuMicros = () => Promise<number>;

/** Starts `peers/client.js`, a client on Node. */
export function startClient(kind: string, identity: string | undefined, ...sockets: readonly string[]): Promise<Job> {
  const program = fileURLToPath(new URL('./peers/client.js', import.meta.url));
  return startJob([process.execPath, program, kind, identity ?? '-', ...sockets]);
}

export function pairOf(client: Job, serverCpu?: CpuMicros): Pair {
  return {
    unary: (inFlight, bytes, durationMs) =>
      measured(serverCpu, () => order(client, 'unary', inFlight, bytes, durationMs)),
    stream: async (direction, size, messages, durationMs) => {
      const sample = await measured(serverCpu, () => order(client, direction, size, messages, durationMs));
      return { ...sample, details: { 'MB/s': (sample.rate * size) / 1e6, ...sample.details } };
    },
  };
}

/** CPU time is that of one call or message. */
export async function measured(serverCpu: CpuMicros | undefined, run: () => Promise<Work>): Promise<Sample> {
  const before = (await serverCpu?.()) ?? 0;
  const { done, seconds, cpuMicros, medianMicros } = await run();
  const serverMicros = serverCpu === undefined ? undefined : (await serverCpu()) - before;
  return {
    rate: done / seconds,
    details: {
      ...(medianMicros === 0 ? {} : { 'latency, µs': medianMicros }),
      'client CPU, µs': cpuMicros / done,
      ...(serverMicros === undefined ? {} : { 'server CPU, µs': serverMicros / done }),
    },
  };
}
