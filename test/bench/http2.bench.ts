/** HTTP/2 without gRPC on it: unary-shaped streams, and messages on one stream each way, beside the bare socket and node:http2. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { HeaderList, Http2ClientSession, Http2Engine } from '../../src/transports/http2/engine.js';
import { nodeHttp2Engine } from '../../src/transports/http2/node-engine.js';
import { rxHttp2Engine } from '../../src/transports/http2/rx-engine.js';
import { type Contender, compare, throughput } from './harness.js';
import { startPeer } from './peer.js';
import { startRawEcho } from './raw-echo.js';

const MESSAGE = Buffer.alloc(100, 'x');
const ignore = () => {};

function request(path: string): HeaderList {
  const fields = { ':method': 'POST', ':scheme': 'http', ':path': path, ':authority': 'localhost' };
  return [
    ...Object.entries(fields).flat(),
    'content-type',
    'application/grpc',
    'te',
    'trailers',
    'user-agent',
    'bench',
  ];
}

async function dial(engine: Http2Engine, socketPath: string): Promise<Http2ClientSession> {
  const socket = connect(socketPath);
  await once(socket, 'connect');
  return engine.connect(socket, { onClose: ignore }, { connectionWindowBytes: 32 * 1024 * 1024 });
}

/** One stream that carries `messages` of `size` bytes to the server, after which the server answers as it likes. */
function call(session: Http2ClientSession, headers: HeaderList, messages: number, message: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = messages;
    const fill = () => {
      while (left > 0) {
        left -= 1;
        if (!stream.write(message, left === 0)) return;
      }
    };
    const events = {
      onHeaders: ignore,
      onData: (chunk: Uint8Array) => stream.consume(chunk.length),
      onTrailers: ignore,
      onEnd: resolve,
      onReset: (code: number) => reject(new Error(`reset ${code}`)),
      onDrain: fill,
    };
    const stream = session.open(headers, events, messages === 0);
    fill();
  });
}

/** Streams of so many messages, one after the other. */
function streams(messages: number, work: () => Promise<unknown>): Contender {
  return async (durationMs) => (await throughput(1, work)(durationMs)) * messages;
}

function readRaw(path: string, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    let left = bytes;
    const socket = connect(path);
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
const sessions = {
  'ours ↔ ours': await dial(rxHttp2Engine, ours.socketPath),
  'ours → node:http2': await dial(rxHttp2Engine, nodes.socketPath),
  'node:http2 → ours': await dial(nodeHttp2Engine, ours.socketPath),
  'node:http2 ↔ node:http2': await dial(nodeHttp2Engine, nodes.socketPath),
};
type Pairing = keyof typeof sessions;
const PAIRINGS = Object.keys(sessions) as Pairing[];
const STREAM_PAIRINGS: readonly Pairing[] = ['ours ↔ ours', 'node:http2 ↔ node:http2'];

function contenders(pairings: readonly Pairing[], make: (session: Http2ClientSession) => Contender) {
  return Object.fromEntries(pairings.map((name) => [name, make(sessions[name])]));
}

const unary = request('/unary');
for (const inFlight of [1, 16, 64]) {
  await compare({
    title: `Streams of one message of 100 B each way, ${inFlight} in flight`,
    unit: 'streams/s',
    baseline: 'raw echo',
    contenders: {
      'raw echo': throughput(inFlight, () => raw.echo(MESSAGE)),
      ...contenders(PAIRINGS, (session) => throughput(inFlight, () => call(session, unary, 1, MESSAGE))),
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
  const down = request(`/source/${messages}/${size}`);
  await compare({
    title: `Messages of ${title} on one stream, down`,
    unit: 'messages/s',
    baseline: 'raw socket',
    contenders: {
      'raw socket': streams(messages, () => readRaw(source.socketPath, messages * size)),
      ...contenders(STREAM_PAIRINGS, (session) => streams(messages, () => call(session, down, 0, message))),
    },
  });
  await compare({
    title: `Messages of ${title} on one stream, up`,
    unit: 'messages/s',
    baseline: 'raw socket',
    contenders: {
      'raw socket': streams(messages, () => readRaw(source.socketPath, messages * size)),
      ...contenders(STREAM_PAIRINGS, (session) =>
        streams(messages, () => call(session, request('/sink'), messages, message)),
      ),
    },
  });
}
for (const session of Object.values(sessions)) session.destroy();
