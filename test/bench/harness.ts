/** One way of doing the work: does it for about so long and returns units per second. */
export type Contender = (durationMs: number) => Promise<number | Sample>;

/** A rate with further figures of the same round, each a column of its own. */
export interface Sample {
  readonly rate: number;
  readonly details: Readonly<Record<string, number>>;
}

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
 * rounds, the lowest and highest, the ratio of the medians, and the medians of what else was measured. `BENCH_ROUNDS` and `BENCH_MS`
 * make it longer or shorter.
 */
export async function compare({ title, unit, baseline, contenders }: Comparison): Promise<void> {
  const entries = Object.entries(contenders);
  for (const [, run] of entries) await run(ROUND_MS);
  const samples = new Map<string, Sample[]>(entries.map(([name]) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of entries) samples.get(name)!.push(sampleOf(await run(ROUND_MS)));
  }
  const base = median(samples.get(baseline)!.map(({ rate }) => rate));
  const further = [...new Set([...samples.values()].flat().flatMap(({ details }) => Object.keys(details)))];
  console.log(`\n${title} (${unit}, median of ${ROUNDS} rounds of ${ROUND_MS} ms)\n`);
  printRow(['contender', 'median', 'lowest – highest', `× ${baseline}`, ...further]);
  printRow(Array.from({ length: 4 + further.length }, () => '---'));
  for (const [name, rounds] of samples) {
    const rates = rounds.map(({ rate }) => rate);
    const spread = `${format(Math.min(...rates))} – ${format(Math.max(...rates))}`;
    const columns = further.map((column) => detail(rounds, column));
    printRow([name, format(median(rates)), spread, (median(rates) / base).toFixed(2), ...columns]);
  }
}

function sampleOf(measured: number | Sample): Sample {
  return typeof measured === 'number' ? { rate: measured, details: {} } : measured;
}

/** The median of a further figure; nothing where it was not measured. */
function detail(rounds: readonly Sample[], column: string): string {
  const values = rounds.flatMap(({ details }) => details[column] ?? []);
  return values.length === 0 ? '' : format(median(values));
}

function printRow(cells: readonly string[]): void {
  console.log(`| ${cells.join(' | ')} |`);
}

/** A contender that keeps `inFlight` pieces of work going and counts how many end within the time. */
export function throughput(inFlight: number, work: () => Promise<unknown>): (durationMs: number) => Promise<number> {
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
