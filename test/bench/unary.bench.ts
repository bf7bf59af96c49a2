/** Unary calls against the stock grpc-js server in a process of its own: its own client, and ours. */
import { type Client, credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import { firstValueFrom } from 'rxjs';
import type { GrpcCallEvents, GrpcChannel } from '../../src/protocols/grpc/client/channel.js';
import { createGrpcClient } from '../../src/protocols/grpc/client/client.js';
import { createGrpcChannel } from '../../src/protocols/grpc/engine.js';
import { createGrpcJsChannel } from '../../src/protocols/grpc/grpc-js/adapters/client-channel.js';
import { encodeFramed } from '../../src/protocols/grpc/message/encode.js';
import { Payload, ProbeDefinition } from '../conformance/gen/probe.js';
import { netDialer } from '../support/dialers.js';
import { grpcJsService } from '../support/grpc-js-probe.js';
import { type Contender, compareAll, throughput } from './harness.js';
import { startPeer } from './peer.js';
import { startRawEcho } from './raw-echo.js';

const ProbeClient = makeGenericClientConstructor(grpcJsService(ProbeDefinition), 'Probe');
const request = { data: Buffer.alloc(100, 'x'), number: 1 };

/** The methods that makeGenericClientConstructor adds are not in its type. */
type EchoClient = Client & { echo(request: object, done: (error: Error | null, answer: Payload) => void): unknown };

function callBack(client: EchoClient, payload: Payload): () => Promise<Payload> {
  return () =>
    new Promise((resolve, reject) => {
      client.echo(payload, (error, answer) => (error === null ? resolve(answer) : reject(error)));
    });
}

function bare(channel: GrpcChannel): () => Promise<unknown> {
  return () =>
    new Promise((resolve, reject) => {
      let answer: Payload | undefined;
      const events: GrpcCallEvents = {
        onHeaders() {},
        onDrain() {},
        onMessage(bytes, start, end) {
          answer = Payload.decode(bytes.subarray(start, end));
        },
        onStatus: (status) => (status.code === 0 ? resolve(answer) : reject(new Error(status.detail))),
      };
      channel.call('/rxplug.conformance.Probe/Echo', {}, events).end(encodeFramed(Payload as never, request));
    });
}

await using peer = await startPeer('grpc-js-server');
const channel = createGrpcChannel({ dialer: netDialer(peer.socketPath) });
const ours = createGrpcClient(channel, ProbeDefinition);
const stock = new ProbeClient(`unix:${peer.socketPath}`, credentials.createInsecure()) as unknown as EchoClient;
const channelOverride = createGrpcJsChannel(channel);
const mixed = new ProbeClient('', credentials.createInsecure(), { channelOverride }) as unknown as EchoClient;

await using raw = await startRawEcho();

const small = (inFlight: number): Record<string, Contender> => ({
  'raw echo': throughput(inFlight, () => raw.echo(request.data)),
  'grpc-js client': throughput(inFlight, callBack(stock, request)),
  'grpc-js client on our channel': throughput(inFlight, callBack(mixed, request)),
  'our client': throughput(inFlight, () => firstValueFrom(ours.echo(request))),
  'our channel, bare': throughput(inFlight, bare(channel)),
});
const large = (bytes: number): Record<string, Contender> => {
  const payload = { data: Buffer.alloc(bytes, 'x'), number: 1 };
  return {
    'raw echo': throughput(4, () => raw.echo(payload.data)),
    'grpc-js client': throughput(4, callBack(stock, payload)),
    'our client': throughput(4, () => firstValueFrom(ours.echo(payload))),
  };
};
await compareAll({
  title: 'Unary calls to a grpc-js server',
  unit: 'calls/s',
  baseline: 'grpc-js client',
  columns: {
    '100 B, 1 in flight': small(1),
    '16 in flight': small(16),
    '64 in flight': small(64),
    '64 KiB each way, 4 in flight': large(65_536),
    '1 MiB each way, 4 in flight': large(1_048_576),
  },
});
await channel.close();
stock.close();
