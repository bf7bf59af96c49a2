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
const ROUND_MS = Number(process.env['BENCH_MS'] ?? 200);

/** How long each contender runs before it is measured: two rounds that agree say little, since V8 compiles in steps. */
export const WARM_MS = Number(process.env['BENCH_WARM_MS'] ?? 2000);
/** The same contender has run for the table's first column already. */
const WARM_AGAIN_MS = WARM_MS / 4;

/**
 * Measures the contenders in turns, after each was warmed up, and prints a table: the median of the rounds, the lowest and highest, the
 * ratio of the medians, and the medians of what else was measured. `BENCH_ROUNDS` and `BENCH_MS` make it longer or shorter.
 */
export async function compare({ title, unit, baseline, contenders }: Comparison): Promise<void> {
  const samples = await measure(contenders);
  const base = median(samples.get(baseline)!.map(({ rate }) => rate));
  const further = [...new Set([...samples.values()].flat().flatMap(({ details }) => Object.keys(details)))];
  console.log(`\n${title} (${unit}, median of ${ROUNDS} rounds of ${ROUND_MS} ms):\n`);
  printHead(['contender', 'median', 'lowest – highest', `× ${baseline}`, ...further]);
  for (const [name, rounds] of samples) {
    const rates = rounds.map(({ rate }) => rate);
    const spread = `${format(Math.min(...rates))} – ${format(Math.max(...rates))}`;
    const columns = further.map((column) => detail(rounds, column));
    printRow([name, format(median(rates)), spread, (median(rates) / base).toFixed(2), ...columns]);
  }
}

/** Several comparisons of the same contenders as one table. */
export interface Pivot {
  readonly title: string;
  readonly unit: string;
  readonly baseline: string;
  /** The contenders by the heading of each comparison. One that lacks a contender leaves its cell empty. */
  readonly columns: Readonly<Record<string, Readonly<Record<string, Contender>>>>;
  /** How long each contender runs before it is measured for a column; by default 2 s for the first, 0.5 s for the others. */
  readonly warmMs?: number;
  /** Further figures: the comparison and the detail of it that is shown. */
  readonly details?: readonly (readonly [column: string, detail: string])[];
}

/** Measures as `compare` does, and prints a row for each contender: in each column its median and the ratio to the baseline. */
export async function compareAll({ title, unit, baseline, columns, warmMs, details = [] }: Pivot): Promise<void> {
  const measured = new Map<string, ReadonlyMap<string, readonly Sample[]>>();
  for (const [column, contenders] of Object.entries(columns)) {
    const first = measured.size === 0;
    measured.set(column, await measure(contenders, warmMs ?? (first ? WARM_MS : WARM_AGAIN_MS)));
  }
  const names = new Set([...measured.values()].flatMap((samples) => [...samples.keys()]));
  console.log(`\n${title} (${unit}, median and spread of ${ROUNDS} rounds of ${ROUND_MS} ms, × ${baseline}):\n`);
  printHead(['contender', ...measured.keys(), ...details.map(([column, name]) => `${name}, ${column}`)]);
  for (const name of names) {
    const cells = [...measured.values()].map((samples) => cell(samples.get(name), samples.get(baseline)));
    const further = details.map(([column, of]) => detail(measured.get(column)?.get(name) ?? [], of));
    printRow([name, ...cells, ...further]);
  }
}

/** `12,000 ± 4 % · 0.75`: half of the distance between the lowest and the highest. */
function cell(rounds: readonly Sample[] | undefined, baseline: readonly Sample[] | undefined): string {
  if (rounds === undefined) return '';
  const rates = rounds.map(({ rate }) => rate);
  const middle = median(rates);
  const spread = Math.round((50 * (Math.max(...rates) - Math.min(...rates))) / middle);
  const ratio = baseline === undefined ? '' : ` · ${(middle / median(baseline.map(({ rate }) => rate))).toFixed(2)}`;
  return `${format(middle)} ± ${spread} %${ratio}`;
}

/** The order alternates: in each round who comes later finds the machine as the earlier ones have left it. */
async function measure(
  contenders: Readonly<Record<string, Contender>>,
  warmMs = WARM_MS,
): Promise<Map<string, Sample[]>> {
  const entries = Object.entries(contenders);
  for (const [, run] of entries) await warmUp(run, warmMs);
  const samples = new Map<string, Sample[]>(entries.map(([name]) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of round % 2 === 0 ? entries : [...entries].reverse()) {
      samples.get(name)!.push(sampleOf(await run(ROUND_MS)));
    }
  }
  return samples;
}

/** In rounds as they are measured. */
export async function warmUp(run: Contender, warmMs: number): Promise<void> {
  const end = performance.now() + warmMs;
  while (performance.now() < end) await run(ROUND_MS);
}

function sampleOf(measured: number | Sample): Sample {
  return typeof measured === 'number' ? { rate: measured, details: {} } : measured;
}

/** The median of a further figure; nothing where it was not measured. */
function detail(rounds: readonly Sample[], column: string): string {
  const values = rounds.flatMap(({ details }) => details[column] ?? []);
  return values.length === 0 ? '' : format(median(values));
}

function printHead(cells: readonly string[]): void {
  printRow(cells);
  printRow(cells.map(() => '---'));
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
