import { once } from 'node:events';
import {
  type ChannelCredentials,
  type Client,
  type ClientReadableStream,
  type ClientWritableStream,
  credentials,
  makeGenericClientConstructor,
} from '@grpc/grpc-js';
import { firstValueFrom, lastValueFrom, tap } from 'rxjs';
import type { GrpcChannel } from '../../src/protocols/grpc/client/channel.js';
import { securedChannelOptions } from '../../src/protocols/grpc/client/channel-options.js';
import { createGrpcClient } from '../../src/protocols/grpc/client/client.js';
import { createGrpcChannel } from '../../src/protocols/grpc/engine.js';
import { dialerTo } from '../../src/transports/sockets/dial.js';
import { type Payload, ProbeDefinition } from '../conformance/gen/probe.js';
import { grpcJsService } from '../support/grpc-js-probe.js';
import { hasGo, startGoClient, startGoServer } from './go-peer.js';
import { type Identities, tlsOf } from './identities.js';
import { type Pair, pairOfGo, pairOfNode } from './pairs.js';
import { startPeer } from './peer.js';
import { readRaw, touch, writeRaw } from './raw-bytes.js';
import { startRawEcho } from './raw-echo.js';

type Answered = (error: Error | null) => void;
type StockClient = Client & {
  echo(request: object, answered: Answered): unknown;
  produce(request: object): ClientReadableStream<Payload>;
  consume(answered: Answered): ClientWritableStream<Partial<Payload>>;
};

/** The pairs that are compared, all over unix sockets, and what to dispose afterwards. */
export interface Ends extends AsyncDisposable {
  readonly pairs: Readonly<Record<string, Pair>>;
}

const Stock = makeGenericClientConstructor(grpcJsService(ProbeDefinition), 'Probe');
const REQUEST = { data: Buffer.alloc(100, 'x'), number: 1 };
const look = ({ data }: Payload): unknown => touch(data);

/** Starts every end in a process of its own, this one being the client where that runs on Node. Identities: under mutual TLS. */
export async function startEnds(identities?: Identities): Promise<Ends> {
  const opened: AsyncDisposable[] = [];
  const keep = <T extends AsyncDisposable>(resource: T): T => {
    opened.unshift(resource);
    return resource;
  };
  const server = identities === undefined ? [] : [identities.server];
  const own = keep(await startPeer('native-server', ...server));
  const stock = keep(await startPeer('grpc-js-streams', ...server));
  const ours = (socketPath: string) => ourWork(keep(channelTo(socketPath, identities)));
  const pairs: Record<string, Pair> = {
    'raw socket': await rawPair(keep, identities),
    'ours ↔ ours': pairOfNode(ours(own.socketPath), own),
  };
  if (hasGo) {
    const go = keep(await startGoServer(identities?.server));
    const goClient = async (socketPath: string) => keep(await startGoClient(socketPath, identities?.client));
    pairs['ours → grpc-go'] = pairOfNode(ours(go.socketPath), go);
    pairs['grpc-go → ours'] = pairOfGo(await goClient(own.socketPath), own);
    pairs['grpc-go ↔ grpc-go'] = pairOfGo(await goClient(go.socketPath), go);
  }
  pairs['grpc-js ↔ grpc-js'] = pairOfNode(stockWork(stock.socketPath, identities), stock);
  const dispose = async () => {
    for (const resource of opened) await resource[Symbol.asyncDispose]();
  };
  return { pairs, [Symbol.asyncDispose]: dispose };
}

type Keep = <T extends AsyncDisposable>(resource: T) => T;

/** Streams over the bare socket are one-way, in writes of 64 KiB. */
async function rawPair(keep: Keep, identities: Identities | undefined): Promise<Pair> {
  const echo = keep(await startRawEcho(identities));
  const server = identities === undefined ? [] : [identities.server];
  const source = keep(await startPeer('raw-source', ...server));
  const sink = keep(await startPeer('raw-sink', ...server));
  const work = {
    echo: () => echo.echo(REQUEST.data),
    down: (size: number, messages: number) => readRaw(source.socketPath, size * messages, identities?.client),
    up: (size: number, messages: number) => writeRaw(sink.socketPath, size * messages, identities?.client),
  };
  const cpu = async () => (await echo.cpuMicros()) + (await source.cpuMicros()) + (await sink.cpuMicros());
  return pairOfNode(work, { cpuMicros: cpu });
}

function channelTo(socketPath: string, identities: Identities | undefined): GrpcChannel {
  const tls = identities === undefined ? undefined : tlsOf(identities.client);
  return createGrpcChannel(securedChannelOptions(dialerTo({ network: 'unix', address: socketPath }), tls));
}

function ourWork(channel: GrpcChannel) {
  const client = createGrpcClient(channel, ProbeDefinition);
  return {
    echo: () => firstValueFrom(client.echo(REQUEST)),
    down: (size: number, count: number) => lastValueFrom(client.produce({ count, size }).pipe(tap(look))),
    up: (size: number, count: number) => firstValueFrom(client.consume(repeat({ data: Buffer.alloc(size) }, count))),
  };
}

/** Pulled at the pace of the connection. */
function* repeat<T>(value: T, times: number): Generator<T> {
  for (let time = 0; time < times; time += 1) yield value;
}

function stockWork(socketPath: string, identities: Identities | undefined) {
  const options = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };
  const client = new Stock(`unix:${socketPath}`, stockCredentials(identities), options) as unknown as StockClient;
  return {
    echo: () => new Promise<void>((resolve, reject) => void client.echo(REQUEST, settle(resolve, reject))),
    down: (size: number, count: number) => once(client.produce({ count, size }).on('data', look), 'end'),
    up: async (size: number, count: number) => {
      let answer: Answered = () => {};
      const answered = new Promise<void>((resolve, reject) => {
        answer = settle(resolve, reject);
      });
      const call = client.consume((error) => answer(error));
      for (const payload of repeat({ data: Buffer.alloc(size) }, count))
        if (!call.write(payload)) await once(call, 'drain');
      call.end();
      await answered;
    },
  };
}

function settle(resolve: () => void, reject: (error: Error) => void): Answered {
  return (error) => (error === null ? resolve() : reject(error));
}

function stockCredentials(identities: Identities | undefined): ChannelCredentials {
  if (identities === undefined) return credentials.createInsecure();
  const { ca, key, cert } = tlsOf(identities.client);
  return credentials.createSsl(ca, key, cert);
}
