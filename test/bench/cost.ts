import type { Contender } from './harness.js';

/** Latencies that are kept of one round; of a faster contender the last ones. */
const KEPT = 1 << 18;

/**
 * A contender that keeps `inFlight` calls going: calls per second, median and 99th percentile of their latency, and the CPU time that
 * a call takes on both ends together. What a core could do is 1 000 000 over the last.
 */
export function costOf(
  inFlight: number,
  call: () => Promise<unknown>,
  peerCpuMicros: () => Promise<number>,
): Contender {
  return async (durationMs) => {
    const latencies = new Float64Array(KEPT);
    const cpuBefore = ownCpuMicros() + (await peerCpuMicros());
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
    const rate = (done * 1000) / (performance.now() - begin);
    const cpuMicros = ownCpuMicros() + (await peerCpuMicros()) - cpuBefore;
    const sorted = latencies.subarray(0, Math.min(done, KEPT)).sort();
    return costs(rate, quantile(sorted, 0.5), quantile(sorted, 0.99), cpuMicros / done);
  };
}

/** One round of calls whose latencies are in microseconds. */
export function costs(rate: number, medianMicros: number, slowMicros: number, cpuMicros: number) {
  return {
    rate,
    details: {
      'latency, µs': medianMicros,
      '99 %, µs': slowMicros,
      'CPU per call, both ends, µs': cpuMicros,
      'calls/s per core': 1e6 / cpuMicros,
    },
  };
}

function ownCpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function quantile(sortedMs: Float64Array, part: number): number {
  return sortedMs[Math.floor((sortedMs.length - 1) * part)]! * 1000;
}
