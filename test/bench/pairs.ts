import type { GoClient } from './go-peer.js';
import type { Sample } from './harness.js';
import type { Work as Measured } from './job.js';

/** A client and a server that are measured together. */
export interface Pair {
  unary(inFlight: number, durationMs: number): Promise<Sample>;
  /** One stream after the other, each of so many messages of a size, from the server or to it. */
  stream(direction: 'down' | 'up', size: number, messages: number, durationMs: number): Promise<Sample>;
}

/** What a client on Node does, once. */
export interface Work {
  echo(): Promise<unknown>;
  down(size: number, messages: number): Promise<unknown>;
  up(size: number, messages: number): Promise<unknown>;
}

interface Server {
  cpuMicros(): Promise<number>;
}

/** A client in this process. */
export function pairOfNode(work: Work, server: Server): Pair {
  return {
    unary: (inFlight, durationMs) => measured(server, () => calls(inFlight, durationMs, () => work.echo()), 'call'),
    stream: async (direction, size, messages, durationMs) => {
      const carry = () => work[direction](size, messages);
      return withBytes(await measured(server, () => streams(messages, durationMs, carry), 'message'), size);
    },
  };
}

/** A client that Go measures. */
export function pairOfGo(client: GoClient, server: Server): Pair {
  return {
    unary: (inFlight, durationMs) => measured(server, () => client.order('unary', inFlight, 100, durationMs), 'call'),
    stream: async (direction, size, messages, durationMs) =>
      withBytes(await measured(server, () => client.order(direction, size, messages, durationMs), 'message'), size),
  };
}

async function measured(server: Server, run: () => Promise<Measured>, what: 'call' | 'message'): Promise<Sample> {
  const before = await server.cpuMicros();
  const { done, seconds, cpuMicros, medianMicros } = await run();
  const serverMicros = (await server.cpuMicros()) - before;
  return {
    rate: done / seconds,
    details: {
      ...(what === 'call' ? { 'latency, µs': medianMicros } : {}),
      [`client CPU per ${what}, µs`]: cpuMicros / done,
      [`server CPU per ${what}, µs`]: serverMicros / done,
    },
  };
}

function withBytes({ rate, details }: Sample, size: number): Sample {
  return { rate, details: { 'MB/s': (rate * size) / 1e6, ...details } };
}

/** Latencies that are kept of one round; of a faster client the last ones. */
const KEPT = 1 << 17;

async function calls(inFlight: number, durationMs: number, call: () => Promise<unknown>): Promise<Measured> {
  const latencies = new Float64Array(KEPT);
  const cpuBefore = ownCpuMicros();
  const begin = performance.now();
  const end = begin + durationMs;
  let done = 0;
  const worker = async () => {
    for (let now = performance.now(); now < end; ) {
      await call();
      const after = performance.now();
      latencies[done++ % KEPT] = after - now;
      now = after;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const seconds = (performance.now() - begin) / 1000;
  const cpuMicros = ownCpuMicros() - cpuBefore;
  const sorted = latencies.subarray(0, Math.min(done, KEPT)).sort();
  return { done, seconds, cpuMicros, medianMicros: sorted[sorted.length >> 1]! * 1000 };
}

async function streams(messages: number, durationMs: number, carry: () => Promise<unknown>): Promise<Measured> {
  const cpuBefore = ownCpuMicros();
  const begin = performance.now();
  let done = 0;
  while (performance.now() - begin < durationMs) {
    await carry();
    done += messages;
  }
  const seconds = (performance.now() - begin) / 1000;
  return { done, seconds, cpuMicros: ownCpuMicros() - cpuBefore, medianMicros: 0 };
}

function ownCpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
