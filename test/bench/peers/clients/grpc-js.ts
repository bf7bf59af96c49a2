import { once } from 'node:events';
import {
  type Client,
  type ClientReadableStream,
  type ClientWritableStream,
  credentials,
  makeGenericClientConstructor,
} from '@grpc/grpc-js';
import { createGrpcChannel } from '../../../../src/protocols/grpc/engine.js';
import { createGrpcJsChannel } from '../../../../src/protocols/grpc/grpc-js/adapters/client-channel.js';
import { type Payload, ProbeDefinition } from '../../../conformance/gen/probe.js';
import { netDialer } from '../../../support/dialers.js';
import { grpcJsService } from '../../../support/grpc-js-probe.js';
import { tlsOf } from '../../identities.js';
import { touch } from '../../raw-bytes.js';
import type { ClientWork } from '../client.js';

type Answered = (error: Error | null) => void;
type StockClient = Client & {
  echo(request: object, answered: Answered): unknown;
  produce(request: object): ClientReadableStream<Payload>;
  consume(answered: Answered): ClientWritableStream<Partial<Payload>>;
};

const Stock = makeGenericClientConstructor(grpcJsService(ProbeDefinition), 'Probe');
const look = ({ data }: Payload): unknown => touch(data);

function settle(resolve: () => void, reject: (error: Error) => void): Answered {
  return (error) => (error === null ? resolve() : reject(error));
}

const UNLIMITED = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };

export async function connectGrpcJs(identity: string | undefined, [path = '']: readonly string[]): Promise<ClientWork> {
  const tls = identity === undefined ? undefined : tlsOf(identity);
  const security = tls === undefined ? credentials.createInsecure() : credentials.createSsl(tls.ca, tls.key, tls.cert);
  return workOf(new Stock(`unix:${path}`, security, UNLIMITED) as unknown as StockClient);
}

/** grpc-js's client over our channel. */
export async function connectOnOurs(
  _identity: string | undefined,
  [path = '']: readonly string[],
): Promise<ClientWork> {
  const channelOverride = createGrpcJsChannel(createGrpcChannel({ dialer: netDialer(path) }));
  const options = { ...UNLIMITED, channelOverride };
  return workOf(new Stock('', credentials.createInsecure(), options) as unknown as StockClient);
}

function workOf(client: StockClient): ClientWork {
  return {
    echo: (data) =>
      new Promise<void>((resolve, reject) => void client.echo({ data, number: 1 }, settle(resolve, reject))),
    down: (size, count) => once(client.produce({ count, size }).on('data', look), 'end'),
    up: async (size, count) => {
      let answer: Answered = () => {};
      const answered = new Promise<void>((resolve, reject) => {
        answer = settle(resolve, reject);
      });
      const call = client.consume((error) => answer(error));
      const payload = { data: Buffer.alloc(size) };
      for (let left = count; left > 0; left -= 1) if (!call.write(payload)) await once(call, 'drain');
      call.end();
      await answered;
    },
  };
}
