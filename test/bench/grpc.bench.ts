/** gRPC end to end over a unix socket: our client and server, grpc-go's and grpc-js's, paired, beside the bare socket. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { type Client, type ClientReadableStream, credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import { count, firstValueFrom, lastValueFrom } from 'rxjs';
import { GrpcChannel } from '../../src/protocols/grpc/channel.js';
import { createGrpcClient } from '../../src/protocols/grpc/client.js';
import type { ClientOf } from '../../src/protocols/grpc/service-definition.js';
import { ProbeDefinition } from '../conformance/gen/probe.js';
import { netDialer } from '../support/dialers.js';
import { grpcJsService } from '../support/grpc-js-probe.js';
import { hasGo, startGoClient, startGoServer } from './go-peer.js';
import { type Contender, compare, throughput } from './harness.js';
import { startPeer } from './peer.js';
import { startRawEcho } from './raw-echo.js';

type OurClient = ClientOf<typeof ProbeDefinition>;
type StockClient = Client & {
  echo(request: object, done: (error: Error | null, answer: unknown) => void): unknown;
  produce(request: object): ClientReadableStream<unknown>;
};
type Contenders = Record<string, Contender>;

const REQUEST = { data: Buffer.alloc(100, 'x'), number: 1 };
const ProbeClient = makeGenericClientConstructor(grpcJsService(ProbeDefinition), 'Probe');

const opened: AsyncDisposable[] = [];

/** Keeps something to be closed at the end, the last first. */
function keep<T extends AsyncDisposable>(resource: T): T {
  opened.unshift(resource);
  return resource;
}

const ownServer = keep(await startPeer('native-server'));
const stockServer = keep(await startPeer('grpc-js-server'));
const raw = keep(await startRawEcho());
const source = keep(await startPeer('raw-source'));
const toOwn = clientOf(ownServer.socketPath);
const toStock = clientOf(stockServer.socketPath);
const stock = new ProbeClient(`unix:${stockServer.socketPath}`, credentials.createInsecure(), {
  'grpc.max_receive_message_length': -1,
}) as unknown as StockClient;
const go = hasGo ? await startGo() : undefined;

/** Our client of a server, closed with everything else. */
function clientOf(socketPath: string): OurClient {
  const channel = keep(new GrpcChannel({ dialer: netDialer(socketPath) }));
  return createGrpcClient(channel, ProbeDefinition);
}

async function startGo() {
  const server = keep(await startGoServer());
  const client = keep(await startGoClient(server.socketPath));
  const clientOfOurs = keep(await startGoClient(ownServer.socketPath));
  return { client, clientOfOurs, toGo: clientOf(server.socketPath) };
}

function stockEcho(): Promise<unknown> {
  return new Promise((resolve, reject) => {
    stock.echo(REQUEST, (error, answer) => (error === null ? resolve(answer) : reject(error)));
  });
}

function unaryContenders(inFlight: number): Contenders {
  const ours = (client: OurClient) => throughput(inFlight, () => firstValueFrom(client.echo(REQUEST)));
  const order = (ms: number) => `unary ${inFlight} 100 ${ms}`;
  return {
    'raw echo': throughput(inFlight, () => raw.echo(REQUEST.data)),
    'ours ↔ ours': ours(toOwn),
    ...(go && {
      'ours → grpc-go': ours(go.toGo),
      'grpc-go → ours': (ms: number) => go.clientOfOurs.order(order(ms)),
      'grpc-go ↔ grpc-go': (ms: number) => go.client.order(order(ms)),
    }),
    'ours → grpc-js': ours(toStock),
    'grpc-js ↔ grpc-js': throughput(inFlight, stockEcho),
  };
}

/** Streams of `messages`, one after the other; counts messages. */
function streams(messages: number, work: () => Promise<unknown>): Contender {
  return async (durationMs) => (await throughput(1, work)(durationMs)) * messages;
}

function downContenders(size: number, messages: number): Contenders {
  const request = { count: messages, size };
  const ours = (client: OurClient) => streams(messages, () => lastValueFrom(client.produce(request).pipe(count())));
  return {
    'raw socket': streams(messages, () => readRaw(messages * size)),
    'ours ↔ ours': ours(toOwn),
    ...(go && {
      'ours → grpc-go': ours(go.toGo),
      'grpc-go → ours': () => go.clientOfOurs.order(`down ${size} ${messages}`),
      'grpc-go ↔ grpc-go': () => go.client.order(`down ${size} ${messages}`),
    }),
    'ours → grpc-js': ours(toStock),
    'grpc-js ↔ grpc-js': streams(messages, () => once(stock.produce(request).resume(), 'end')),
  };
}

function upContenders(size: number, messages: number): Contenders {
  const payload = { data: Buffer.alloc(size) };
  const ours = (client: OurClient) =>
    streams(messages, () => firstValueFrom(client.consume(repeat(payload, messages))));
  return {
    'raw socket': streams(messages, () => readRaw(messages * size)),
    'ours ↔ ours': ours(toOwn),
    ...(go && {
      'ours → grpc-go': ours(go.toGo),
      'grpc-go → ours': () => go.clientOfOurs.order(`up ${size} ${messages}`),
      'grpc-go ↔ grpc-go': () => go.client.order(`up ${size} ${messages}`),
    }),
  };
}

/** Pulled at the pace of the connection. */
function* repeat<T>(value: T, times: number): Generator<T> {
  for (let time = 0; time < times; time += 1) yield value;
}

function readRaw(bytes: number): Promise<void> {
  return new Promise((resolve) => {
    let left = bytes;
    const socket = connect(source.socketPath);
    socket.on('data', (chunk: Buffer) => {
      left -= chunk.byteLength;
      if (left > 0) return;
      socket.destroy();
      resolve();
    });
  });
}

for (const inFlight of [1, 16, 64]) {
  const title = `Unary calls of 100 B, ${inFlight} in flight`;
  await compare({ title, unit: 'calls/s', baseline: 'raw echo', contenders: unaryContenders(inFlight) });
}
for (const [name, size, messages] of [
  ['100 B', 100, 50_000],
  ['4 KiB', 4096, 20_000],
  ['32 KiB', 32_768, 3000],
  ['1 MiB', 1_048_576, 100],
] as const) {
  const common = { unit: 'messages/s', baseline: 'raw socket' };
  await compare({ ...common, title: `Messages of ${name}, down`, contenders: downContenders(size, messages) });
  await compare({ ...common, title: `Messages of ${name}, up`, contenders: upContenders(size, messages) });
}
stock.close();
for (const resource of opened) await resource[Symbol.asyncDispose]();
