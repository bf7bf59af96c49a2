/**
 * gRPC over unix sockets between two processes: our client and server, grpc-go's and grpc-js's, paired, beside the bare socket. Unary
 * calls of 100 B and streams of messages each way, in clear and under mutual TLS; CPU time of either end. Every receiver looks at what it gets.
 */
import { type Ends, startEnds } from './grpc-ends.js';
import { type Contender, compare } from './harness.js';
import { makeIdentities } from './identities.js';
import type { Pair } from './pairs.js';

const IN_FLIGHT = [1, 16, 64];
const SIZES = [
  ['100 B', 100, 20_000],
  ['4 KiB', 4096, 5000],
  ['32 KiB', 32_768, 1000],
  ['64 KiB', 65_536, 500],
  ['1 MiB', 1_048_576, 40],
] as const;

function contenders({ pairs }: Ends, run: (pair: Pair, durationMs: number) => ReturnType<Contender>) {
  const entries = Object.entries(pairs).map(([name, pair]): [string, Contender] => [name, (ms) => run(pair, ms)]);
  return Object.fromEntries(entries);
}

async function unary(ends: Ends, how: string): Promise<void> {
  for (const inFlight of IN_FLIGHT) {
    const title = `Unary calls of 100 B, ${inFlight} in flight, ${how}`;
    const of = contenders(ends, (pair, ms) => pair.unary(inFlight, ms));
    await compare({ title, unit: 'calls/s', baseline: 'raw socket', contenders: of });
  }
}

async function streams(ends: Ends, how: string): Promise<void> {
  for (const [name, size, messages] of SIZES) {
    for (const direction of ['down', 'up'] as const) {
      const title = `Messages of ${name}, ${direction}, ${how}`;
      const of = contenders(ends, (pair, ms) => pair.stream(direction, size, messages, ms));
      await compare({ title, unit: 'messages/s', baseline: 'raw socket', contenders: of });
    }
  }
}

{
  await using ends = await startEnds();
  await unary(ends, 'in clear');
  await streams(ends, 'in clear');
}
await using identities = await makeIdentities();
await using ends = await startEnds(identities);
await unary(ends, 'mutual TLS');
await streams(ends, 'mutual TLS');
