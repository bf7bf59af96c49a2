/**
 * gRPC over unix sockets between two processes: our client and server, grpc-go's and grpc-js's, paired, beside the bare socket. Unary
 * calls of 100 B and streams of messages each way, in clear and under mutual TLS; CPU time of either end. Every receiver looks at what it gets.
 */
import { type Ends, startEnds } from './grpc-ends.js';
import { makeIdentities } from './identities.js';
import { compareStreams, compareUnary } from './pair-tables.js';

async function tables({ pairs, unaryOnly }: Ends, how: string): Promise<void> {
  const baseline = 'raw socket';
  const { [unaryOnly]: _, ...streaming } = pairs;
  await compareUnary(pairs, { title: `Unary calls of 100 B, ${how}`, unit: 'calls/s', baseline });
  await compareStreams(streaming, { title: how, unit: 'messages/s', baseline });
}

{
  await using ends = await startEnds();
  await tables(ends, 'without TLS');
}
await using identities = await makeIdentities();
await using ends = await startEnds(identities);
await tables(ends, 'with mutual TLS');
