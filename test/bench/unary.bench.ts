/** Unary calls against the stock grpc-js server in a process of its own: its own client, and ours. */
import type { Job } from './job.js';
import { compareUnary } from './pair-tables.js';
import { type Pair, pairOf, startClient } from './pairs.js';
import { type Peer, startPeer } from './peer.js';

await using server = await startPeer('grpc-js-server');
await using echo = await startPeer('raw-echo');
const clients: Record<string, readonly [Job, Peer]> = {
  'raw socket': [await startClient('raw', undefined, echo.socketPath), echo],
  'grpc-js client': [await startClient('grpc-js', undefined, server.socketPath), server],
  'grpc-js client on our channel': [await startClient('grpc-js-on-ours', undefined, server.socketPath), server],
  'our client': [await startClient('ours', undefined, server.socketPath), server],
};
const pairs = Object.fromEntries(
  Object.entries(clients).map(([name, [job, peer]]): [string, Pair] => [name, pairOf(job, () => peer.cpuMicros())]),
);
await compareUnary(pairs, { title: 'Unary calls to a grpc-js server', unit: 'calls/s', baseline: 'grpc-js client' }, [
  ['100 B, 1 in flight', 1, 100],
  ['16 in flight', 16, 100],
  ['64 in flight', 64, 100],
  ['64 KiB each way, 4 in flight', 4, 65_536],
  ['1 MiB each way, 4 in flight', 4, 1_048_576],
]);
for (const [client] of Object.values(clients)) await client[Symbol.asyncDispose]();
