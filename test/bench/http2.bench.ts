/** HTTP/2 without gRPC on it: unary-shaped streams, and messages on one stream each way, beside the bare socket and node:http2. */
import { createConnection } from 'node:net';
import { type Contender, compare, throughput } from './harness.js';
import { type Http2Client, nodeClient, ownClient } from './http2-clients.js';
import { startPeer } from './peer.js';
import { startRawEcho } from './raw-echo.js';

const MESSAGE = Buffer.alloc(100, 'x');

/** Streams of so many messages, one after the other. */
function streams(messages: number, work: () => Promise<unknown>): Contender {
  return async (durationMs) => (await throughput(1, work)(durationMs)) * messages;
}

function readRaw(path: string, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    let left = bytes;
    const socket = createConnection(path);
    socket.on('data', (chunk: Buffer) => {
      left -= chunk.byteLength;
      if (left > 0) return;
      socket.destroy();
      resolve();
    });
  });
}

await using raw = await startRawEcho();
await using ours = await startPeer('http2-server');
await using nodes = await startPeer('node-http2-server');
await using source = await startPeer('raw-source');
const clients = {
  'ours ↔ ours': await ownClient(ours.socketPath),
  'ours → node:http2': await ownClient(nodes.socketPath),
  'node:http2 → ours': await nodeClient(ours.socketPath),
  'node:http2 ↔ node:http2': await nodeClient(nodes.socketPath),
};
type Pairing = keyof typeof clients;
const PAIRINGS = Object.keys(clients) as Pairing[];
const STREAM_PAIRINGS: readonly Pairing[] = ['ours ↔ ours', 'node:http2 ↔ node:http2'];

function contenders(pairings: readonly Pairing[], make: (client: Http2Client) => Contender) {
  return Object.fromEntries(pairings.map((name) => [name, make(clients[name])]));
}

for (const inFlight of [1, 16, 64]) {
  await compare({
    title: `Streams of one message of 100 B each way, ${inFlight} in flight`,
    unit: 'streams/s',
    baseline: 'raw echo',
    contenders: {
      'raw echo': throughput(inFlight, () => raw.echo(MESSAGE)),
      ...contenders(PAIRINGS, (client) => throughput(inFlight, () => client.call('/unary', 1, MESSAGE))),
    },
  });
}
for (const [title, size, messages] of [
  ['100 B', 100, 100_000],
  ['4 KiB', 4096, 20_000],
  ['32 KiB', 32_768, 4000],
  ['1 MiB', 1_048_576, 200],
] as const) {
  const message = Buffer.alloc(size);
  const down = `/source/${messages}/${size}`;
  await compare({
    title: `Messages of ${title} on one stream, down`,
    unit: 'messages/s',
    baseline: 'raw socket',
    contenders: {
      'raw socket': streams(messages, () => readRaw(source.socketPath, messages * size)),
      ...contenders(STREAM_PAIRINGS, (client) => streams(messages, () => client.call(down, 0, message))),
    },
  });
  await compare({
    title: `Messages of ${title} on one stream, up`,
    unit: 'messages/s',
    baseline: 'raw socket',
    contenders: {
      'raw socket': streams(messages, () => readRaw(source.socketPath, messages * size)),
      ...contenders(STREAM_PAIRINGS, (client) => streams(messages, () => client.call('/sink', messages, message))),
    },
  });
}
for (const client of Object.values(clients)) client.destroy();
