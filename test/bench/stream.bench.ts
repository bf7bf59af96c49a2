/** A server's stream of messages, from the stock grpc-js server in a process of its own, to its own client and to ours. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { type Client, type ClientReadableStream, credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import { count, lastValueFrom } from 'rxjs';
import { GrpcChannel } from '../../src/protocols/grpc/channel.js';
import { createGrpcClient } from '../../src/protocols/grpc/client.js';
import { ProbeDefinition } from '../conformance/gen/probe.js';
import { netDialer } from '../support/dialers.js';
import { grpcJsService } from '../support/grpc-js-probe.js';
import { type Contender, compare } from './harness.js';
import { startPeer } from './peer.js';

type ProduceClient = Client & { produce(request: object): ClientReadableStream<unknown> };

const ProbeClient = makeGenericClientConstructor(grpcJsService(ProbeDefinition), 'Probe');
await using peer = await startPeer('grpc-js-server');
await using channel = new GrpcChannel({ dialer: netDialer(peer.socketPath) });
const ours = createGrpcClient(channel, ProbeDefinition);
const stock = new ProbeClient(`unix:${peer.socketPath}`, credentials.createInsecure(), {
  'grpc.max_receive_message_length': -1,
}) as unknown as ProduceClient;

/** Takes streams of `messages` one after the other until the time is up. */
function streams(messages: number, take: () => Promise<unknown>): Contender {
  return async (durationMs) => {
    const begin = performance.now();
    let streams = 0;
    while (performance.now() - begin < durationMs) {
      await take();
      streams += 1;
    }
    return (streams * messages * 1000) / (performance.now() - begin);
  };
}

for (const [title, size, messages] of [
  ['100 B', 100, 20_000],
  ['32 KiB', 32_768, 2000],
] as const) {
  await using source = await startPeer('raw-source');
  const request = { count: messages, size };
  await compare({
    title: `A stream of messages of ${title} from a grpc-js server`,
    unit: 'messages/s',
    baseline: 'grpc-js client',
    contenders: {
      'raw socket': streams(messages, () => readRaw(source.socketPath, messages * size)),
      'grpc-js client': streams(messages, () => once(stock.produce(request).resume(), 'end')),
      'our client, Observable': streams(messages, () => lastValueFrom(ours.produce(request).pipe(count()))),
      'our client, Readable': streams(messages, () => once(ours.produce.readable(request).resume(), 'end')),
    },
  });
}
stock.close();

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
