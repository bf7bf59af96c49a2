import { createInterface } from 'node:readline';

/** What was done on order. */
export interface Done {
  /** Calls, messages, starts. */
  readonly done: number;
  /** Of one call; 0 where there is none. */
  readonly medianMicros?: number;
}

/** The order's further words, all numbers. The last is how long to work, in milliseconds. */
export type Job = (first: number, second: number, durationMs: number) => Promise<Done>;

/**
 * Prints `ready`, then answers each line of standard input, `<job> <first> <second> <ms>`, with what was done, seconds, the CPU time of
 * this process and the median latency, in microseconds, as test/conformance/go/bench does. Ends with standard input, after `end`.
 */
export async function answerWork(
  jobs: Readonly<Record<string, Job>>,
  end: () => Promise<unknown> = async () => {},
): Promise<void> {
  console.log('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    const [name = '', ...words] = line.split(' ');
    const job = jobs[name];
    if (job === undefined) throw new Error(`There is no job ${name}.`);
    const [first = 0, second = 0, durationMs = 0] = words.map(Number);
    const cpuBefore = cpuMicros();
    const begin = performance.now();
    const { done, medianMicros = 0 } = await job(first, second, durationMs);
    const seconds = (performance.now() - begin) / 1000;
    console.log(done, seconds, cpuMicros() - cpuBefore, medianMicros);
  }
  await end();
  process.exit(0);
}

export function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Latencies that are kept of one round; of faster work the last ones. */
const KEPT = 1 << 17;

/** Keeps so many pieces of work going until the time is over. */
export async function repeat(inFlight: number, durationMs: number, work: () => Promise<unknown>): Promise<Done> {
  const latencies = new Float64Array(KEPT);
  const end = performance.now() + durationMs;
  let done = 0;
  const worker = async () => {
    for (let now = performance.now(); now < end; ) {
      await work();
      const after = performance.now();
      latencies[done++ % KEPT] = after - now;
      now = after;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const sorted = latencies.subarray(0, Math.min(done, KEPT)).sort();
  return { done, medianMicros: sorted[sorted.length >> 1]! * 1000 };
}
