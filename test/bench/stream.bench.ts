/**
 * Streams of messages over a unix socket between two processes, down (from the server) and up: our client and our server, stock grpc-js,
 * and the bare socket in writes of 64 KiB. Every receiver looks at every message, or at every chunk where there are none.
 */
import { once } from 'node:events';
import {
  type Client,
  type ClientReadableStream,
  type ClientWritableStream,
  credentials,
  makeGenericClientConstructor,
} from '@grpc/grpc-js';
import { firstValueFrom, lastValueFrom, tap } from 'rxjs';
import { createGrpcClient } from '../../src/protocols/grpc/client/client.js';
import { createGrpcChannel } from '../../src/protocols/grpc/engine.js';
import { dialerTo } from '../../src/transports/sockets/dial.js';
import { type Payload, ProbeDefinition } from '../conformance/gen/probe.js';
import { grpcJsService } from '../support/grpc-js-probe.js';
import { type Contender, compare } from './harness.js';
import { startPeer } from './peer.js';
import { readRaw, touch, writeRaw } from './raw-bytes.js';

type Answered = (error: Error | null) => void;
type StockClient = Client & {
  produce(request: object): ClientReadableStream<Payload>;
  consume(answered: Answered): ClientWritableStream<Partial<Payload>>;
};

const StockClient = makeGenericClientConstructor(grpcJsService(ProbeDefinition), 'Probe');
await using source = await startPeer('raw-source');
await using sink = await startPeer('raw-sink');
await using ownServer = await startPeer('native-server');
await using stockServer = await startPeer('grpc-js-streams');
await using channel = createGrpcChannel({ dialer: dialerTo({ network: 'unix', address: ownServer.socketPath }) });
const ours = createGrpcClient(channel, ProbeDefinition);
const stock = new StockClient(`unix:${stockServer.socketPath}`, credentials.createInsecure(), {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
}) as unknown as StockClient;

const look = ({ data }: Payload): unknown => touch(data);

/** Carries streams of `messages` one after the other until the time is up. */
function streams(messages: number, carry: () => Promise<unknown>): Contender {
  return async (durationMs) => {
    const begin = performance.now();
    let count = 0;
    while (performance.now() - begin < durationMs) {
      await carry();
      count += 1;
    }
    return (count * messages * 1000) / (performance.now() - begin);
  };
}

/** Pulled at the pace of the connection. */
function* repeat<T>(value: T, times: number): Generator<T> {
  for (let time = 0; time < times; time += 1) yield value;
}

async function stockUp(size: number, messages: number): Promise<void> {
  const payload = { data: Buffer.alloc(size) };
  let answer: Answered = () => {};
  const answered = new Promise<void>((resolve, reject) => {
    answer = (error) => (error === null ? resolve() : reject(error));
  });
  const call = stock.consume((error) => answer(error));
  for (let left = messages; left > 0; left -= 1) if (!call.write(payload)) await once(call, 'drain');
  call.end();
  await answered;
}

for (const [name, size, messages] of [
  ['100 B', 100, 50_000],
  ['4 KiB', 4096, 10_000],
  ['32 KiB', 32_768, 3000],
  ['1 MiB', 1_048_576, 100],
] as const) {
  const request = { count: messages, size };
  const payload = { data: Buffer.alloc(size) };
  const common = { unit: 'messages/s', baseline: 'raw socket' };
  await compare({
    ...common,
    title: `Messages of ${name}, down`,
    contenders: {
      'raw socket': streams(messages, () => readRaw(source.socketPath, messages * size)),
      'ours ↔ ours, Observable': streams(messages, () => lastValueFrom(ours.produce(request).pipe(tap(look)))),
      'ours ↔ ours, Readable': streams(messages, () => once(ours.produce.readable(request).on('data', look), 'end')),
      'grpc-js ↔ grpc-js': streams(messages, () => once(stock.produce(request).on('data', look), 'end')),
    },
  });
  await compare({
    ...common,
    title: `Messages of ${name}, up`,
    contenders: {
      'raw socket': streams(messages, () => writeRaw(sink.socketPath, messages * size)),
      'ours ↔ ours': streams(messages, () => firstValueFrom(ours.consume(repeat(payload, messages)))),
      'grpc-js ↔ grpc-js': streams(messages, () => stockUp(size, messages)),
    },
  });
}
stock.close();
