/** One way of doing the work: does it for about so long and returns units per second. */
export type Contender = (durationMs: number) => Promise<number>;

export interface Comparison {
  readonly title: string;
  /** What is counted per second, for instance `calls/s`. */
  readonly unit: string;
  /** The contender that the others are measured by; its ratio is 1. */
  readonly baseline: string;
  readonly contenders: Readonly<Record<string, Contender>>;
}

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const ROUND_MS = Number(process.env['BENCH_MS'] ?? 1000);

/**
 * Measures the contenders in turns, so that a disturbance of the machine meets all of them, and prints a table: the median of the
 * rounds, the lowest and highest, and the ratio of the medians. `BENCH_ROUNDS` and `BENCH_MS` make it longer or shorter.
 */
export async function compare({ title, unit, baseline, contenders }: Comparison): Promise<void> {
  const entries = Object.entries(contenders);
  for (const [, run] of entries) await run(ROUND_MS);
  const rates = new Map<string, number[]>(entries.map(([name]) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of entries) rates.get(name)!.push(await run(ROUND_MS));
  }
  const base = median(rates.get(baseline)!);
  console.log(`\n${title} (${unit}, median of ${ROUNDS} rounds of ${ROUND_MS} ms)\n`);
  console.log(`| contender | median | lowest – highest | × ${baseline} |`);
  console.log('|---|---|---|---|');
  for (const [name, values] of rates) {
    const spread = `${format(Math.min(...values))} – ${format(Math.max(...values))}`;
    console.log(`| ${name} | ${format(median(values))} | ${spread} | ${(median(values) / base).toFixed(2)} |`);
  }
}

/** A contender that keeps `inFlight` pieces of work going and counts how many end within the time. */
export function throughput(inFlight: number, work: () => Promise<unknown>): Contender {
  return async (durationMs) => {
    const begin = performance.now();
    const end = begin + durationMs;
    let done = 0;
    const worker = async () => {
      while (performance.now() < end) {
        await work();
        done++;
      }
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
    return (done * 1000) / (performance.now() - begin);
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function format(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
