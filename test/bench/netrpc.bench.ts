/**
 * net/rpc calls that echo 100 bytes: their rate, latency and CPU time, beside a bare socket, beside our gRPC and beside Go's own
 * net/rpc, whose figures need Go. "Ours" and "Go" mean both ends; over yamux is what go-plugin's hosts and plugins do.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { firstValueFrom } from 'rxjs';
import { createGrpcClient } from '../../src/protocols/grpc/client/client.js';
import { createGrpcChannel } from '../../src/protocols/grpc/engine.js';
import { BatchingWriter } from '../../src/protocols/netrpc/batching-writer.js';
import { createNetRpcClient, type NetRpcClient } from '../../src/protocols/netrpc/rpc-client.js';
import { createYamuxSession } from '../../src/transports/yamux/session.js';
import { gob } from '../../src/wire/gob/index.js';
import { ProbeDefinition } from '../conformance/gen/probe.js';
import { netDialer } from '../support/dialers.js';
import { costOf, costs } from './cost.js';
import { hasGo, startGoRpcClient, startGoRpcServer } from './go-peer.js';
import { type Contender, compareAll } from './harness.js';
import { startPeer } from './peer.js';
import { startRawEcho } from './raw-echo.js';

const BYTES = 100;
const payload = new Uint8Array(BYTES).fill(120);

async function dial(path: string) {
  const socket = connect(path);
  await once(socket, 'connect');
  return socket;
}

/** To a server that is told first whether yamux follows. */
async function clientOf(path: string, yamux: boolean): Promise<NetRpcClient> {
  const socket = await dial(path);
  socket.write(Uint8Array.of(yamux ? 1 : 0));
  if (!yamux) return createNetRpcClient(socket);
  return createNetRpcClient(await createYamuxSession(socket, { role: 'client' }).open());
}

const echo = (client: NetRpcClient) => () => firstValueFrom(client.call('Plugin.Echo', gob.bytes, payload, gob.bytes));

/** The same bytes as a bare echo, written as our client writes: the first of a turn at once, the rest together. */
async function batchedEcho(path: string): Promise<() => Promise<void>> {
  const socket = await dial(path);
  const gathered: Uint8Array[] = [];
  const source = {
    get pendingBytes() {
      return gathered.length * payload.length;
    },
    take: () => Buffer.concat(gathered.splice(0)),
  };
  const writer = new BatchingWriter(socket, source);
  const waiting: (() => void)[] = [];
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    const done = Math.floor(bytes / payload.length);
    bytes -= done * payload.length;
    for (const resolve of waiting.splice(0, done)) resolve();
  });
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      gathered.push(payload);
      writer.appended();
    });
}

async function startGo() {
  const server = await startGoRpcServer();
  const client = await startGoRpcClient(server.socketPath);
  return { server, client, toGo: await clientOf(server.socketPath, true) };
}

const raw = await startRawEcho();
const echoPeer = await startPeer('raw-echo');
const batched = await batchedEcho(echoPeer.socketPath);
const node = await startPeer('netrpc-server');
const bare = await clientOf(node.socketPath, false);
const muxed = await clientOf(node.socketPath, true);
const grpcServer = await startPeer('native-server');
const channel = createGrpcChannel({ dialer: netDialer(grpcServer.socketPath) });
const grpc = createGrpcClient(channel, ProbeDefinition);
const go = hasGo ? await startGo() : undefined;

function goToGo({ server, client }: NonNullable<typeof go>, yamux: boolean, inFlight: number): Contender {
  return async (durationMs) => {
    const before = await server.cpuMicros();
    const measured = await client.echo(yamux, inFlight, BYTES, durationMs);
    const cpuMicros = measured.cpuMicros + (await server.cpuMicros()) - before;
    return costs(measured.rate, measured.medianMicros, measured.slowMicros, cpuMicros / measured.calls);
  };
}

function contendersAt(inFlight: number): Record<string, Contender> {
  const ofNode = () => node.cpuMicros();
  const request = { data: payload, number: 1 };
  return {
    'raw echo': costOf(
      inFlight,
      () => raw.echo(payload),
      () => raw.cpuMicros(),
    ),
    'raw echo, batched': costOf(inFlight, batched, () => echoPeer.cpuMicros()),
    'ours to ours': costOf(inFlight, echo(bare), ofNode),
    'ours to ours, over yamux': costOf(inFlight, echo(muxed), ofNode),
    'ours to ours, gRPC': costOf(
      inFlight,
      () => firstValueFrom(grpc.echo(request)),
      () => grpcServer.cpuMicros(),
    ),
    ...(go && {
      'ours to Go, over yamux': costOf(inFlight, echo(go.toGo), () => go.server.cpuMicros()),
      'Go to Go': goToGo(go, false, inFlight),
      'Go to Go, over yamux': goToGo(go, true, inFlight),
    }),
  };
}

await compareAll({
  title: 'net/rpc calls of 100 B over a unix socket',
  unit: 'calls/s',
  baseline: 'raw echo',
  columns: {
    '1 in flight': contendersAt(1),
    '16 in flight': contendersAt(16),
    '64 in flight': contendersAt(64),
  },
  details: [
    ['1 in flight', 'latency, µs'],
    ['64 in flight', 'CPU per call, both ends, µs'],
  ],
});
await Promise.all([bare.close(), muxed.close(), channel.close(), go?.toGo.close(), go?.client[Symbol.asyncDispose]()]);
for (const peer of [raw, node, grpcServer, go?.server]) await peer?.[Symbol.asyncDispose]();
// The batched echo's socket ends with this process, and its peer with that.
process.exit(0);
