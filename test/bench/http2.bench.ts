/** HTTP/2 without gRPC on it: unary-shaped streams, and messages on one stream each way, beside the bare socket and node:http2. */
import type { Job } from './job.js';
import { compareStreams, compareUnary } from './pair-tables.js';
import { type Pair, pairOf, startClient } from './pairs.js';
import { type Peer, startPeer } from './peer.js';

await using echo = await startPeer('raw-echo');
await using source = await startPeer('raw-source');
await using sink = await startPeer('raw-sink');
await using ours = await startPeer('http2-server');
await using nodes = await startPeer('node-http2-server');
const cpuOf = (peers: readonly Peer[]) => async () =>
  (await Promise.all(peers.map((peer) => peer.cpuMicros()))).reduce((sum, micros) => sum + micros, 0);
const raw = [echo, source, sink];
const rawPaths = raw.map(({ socketPath }) => socketPath);
const clients: Record<string, readonly [Job, readonly Peer[]]> = {
  'raw socket': [await startClient('raw', undefined, ...rawPaths), raw],
  'raw socket, batched': [await startClient('batched', undefined, echo.socketPath), [echo]],
  'ours ↔ ours': [await startClient('http2', undefined, ours.socketPath), [ours]],
  'ours → node:http2': [await startClient('http2', undefined, nodes.socketPath), [nodes]],
  'node:http2 → ours': [await startClient('node-http2', undefined, ours.socketPath), [ours]],
  'node:http2 ↔ node:http2': [await startClient('node-http2', undefined, nodes.socketPath), [nodes]],
};
const pairs = Object.fromEntries(
  Object.entries(clients).map(([name, [job, peers]]): [string, Pair] => [name, pairOf(job, cpuOf(peers))]),
);
const { 'raw socket, batched': _, ...streaming } = pairs;
const baseline = 'raw socket';
await compareUnary(pairs, { title: 'Streams of one message of 100 B each way', unit: 'streams/s', baseline });
await compareStreams(streaming, { title: 'without TLS', unit: 'messages/s', baseline });
for (const [client] of Object.values(clients)) await client[Symbol.asyncDispose]();
