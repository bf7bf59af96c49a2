import { type Contender, compareAll, WARM_MS, warmUp } from './harness.js';
import type { Pair } from './pairs.js';

type Pairs<T = Pair> = Readonly<Record<string, T>>;

/** A table, and the row that the others are measured by. */
interface Table {
  readonly title: string;
  readonly unit: string;
  readonly baseline: string;
}

const SIZES = [
  ['100 B', 100, 20_000],
  ['4 KiB', 4096, 5000],
  ['64 KiB', 65_536, 500],
  ['1 MiB', 1_048_576, 40],
] as const;

/** The heading of a column, calls in flight, bytes of a message. */
export type UnaryColumn = readonly [heading: string, inFlight: number, bytes: number];

const SMALL: readonly UnaryColumn[] = [
  ['1 in flight', 1, 100],
  ['16 in flight', 16, 100],
  ['64 in flight', 64, 100],
];

function contenders<T>(pairs: Pairs<T>, run: (pair: T, durationMs: number) => ReturnType<Contender>) {
  const entries = Object.entries(pairs).map(([name, pair]): [string, Contender] => [name, (ms) => run(pair, ms)]);
  return Object.fromEntries(entries);
}

/** Messages that are answered, by how many are in flight, with the latency of one at a time and the CPU time of each end. */
export async function compareUnary(pairs: Pairs<Pick<Pair, 'unary'>>, table: Table, columns = SMALL): Promise<void> {
  const measured = columns.map(([heading, inFlight, bytes]) => {
    return [heading, contenders(pairs, (pair, ms) => pair.unary(inFlight, bytes, ms))] as const;
  });
  const [busiest, mostInFlight] = columns.findLast(([, , bytes]) => bytes === 100)!;
  // One call after the other takes many seconds until V8 has compiled all of grpc-js.
  for (const pair of Object.values(pairs)) await warmUp((ms) => pair.unary(mostInFlight, 100, ms), WARM_MS);
  await compareAll({
    ...table,
    columns: Object.fromEntries(measured),
    details: [
      [columns[0]![0], 'latency, µs'],
      [busiest, 'client CPU, µs'],
      [busiest, 'server CPU, µs'],
    ],
  });
}

/** Streams of messages from the server and to it, a table each. */
export async function compareStreams(pairs: Pairs, { title, ...table }: Table): Promise<void> {
  for (const [direction, words] of [
    ['down', 'from the server'],
    ['up', 'to the server'],
  ] as const) {
    const columns = SIZES.map(([name, size, messages]) => {
      return [name, contenders(pairs, (pair, ms) => pair.stream(direction, size, messages, ms))] as const;
    });
    await compareAll({
      ...table,
      title: `Messages of a stream ${words}, ${title}`,
      columns: Object.fromEntries(columns),
      details: [
        ['64 KiB', 'MB/s'],
        ['64 KiB', 'client CPU, µs'],
        ['64 KiB', 'server CPU, µs'],
      ],
    });
  }
}
