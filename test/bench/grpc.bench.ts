/**
 * gRPC over unix sockets between two processes: our client and server, grpc-go's and grpc-js's, paired, beside the bare socket. Unary
 * calls of 100 B and streams of messages each way, in clear and under mutual TLS; CPU time of either end. Every receiver looks at what it gets.
 */
import { type Ends, startEnds } from './grpc-ends.js';
import { type Contender, compareAll } from './harness.js';
import { makeIdentities } from './identities.js';
import type { Pair } from './pairs.js';

const IN_FLIGHT = [1, 16, 64];
const SIZES = [
  ['100 B', 100, 20_000],
  ['4 KiB', 4096, 5000],
  ['64 KiB', 65_536, 500],
  ['1 MiB', 1_048_576, 40],
] as const;
const BASELINE = 'raw socket';

type Contenders = Record<string, Contender>;

function contenders(pairs: Ends['pairs'], run: (pair: Pair, durationMs: number) => ReturnType<Contender>): Contenders {
  const entries = Object.entries(pairs).map(([name, pair]): [string, Contender] => [name, (ms) => run(pair, ms)]);
  return Object.fromEntries(entries);
}

async function unary({ pairs }: Ends, how: string): Promise<void> {
  const columns = IN_FLIGHT.map((inFlight) => {
    return [`${inFlight} in flight`, contenders(pairs, (pair, ms) => pair.unary(inFlight, 100, ms))] as const;
  });
  await compareAll({
    title: `Unary calls of 100 B, ${how}`,
    unit: 'calls/s',
    baseline: BASELINE,
    columns: Object.fromEntries(columns),
    details: [
      ['1 in flight', 'latency, µs'],
      ['64 in flight', 'client CPU per call, µs'],
      ['64 in flight', 'server CPU per call, µs'],
    ],
  });
}

async function streams({ pairs, unaryOnly }: Ends, how: string): Promise<void> {
  const { [unaryOnly]: _, ...streaming } = pairs;
  for (const [direction, words] of [
    ['down', 'from the server'],
    ['up', 'to the server'],
  ] as const) {
    const columns = SIZES.map(([name, size, messages]) => {
      return [name, contenders(streaming, (pair, ms) => pair.stream(direction, size, messages, ms))] as const;
    });
    await compareAll({
      title: `Messages of a stream ${words}, ${how}`,
      unit: 'messages/s',
      baseline: BASELINE,
      columns: Object.fromEntries(columns),
      details: [
        ['64 KiB', 'MB/s'],
        ['64 KiB', 'client CPU per message, µs'],
        ['64 KiB', 'server CPU per message, µs'],
      ],
    });
  }
}

{
  await using ends = await startEnds();
  await unary(ends, 'without TLS');
  await streams(ends, 'without TLS');
}
await using identities = await makeIdentities();
await using ends = await startEnds(identities);
await unary(ends, 'with mutual TLS');
await streams(ends, 'with mutual TLS');
