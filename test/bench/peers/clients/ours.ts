import { firstValueFrom, lastValueFrom, tap } from 'rxjs';
import { securedChannelOptions } from '../../../../src/protocols/grpc/client/channel-options.js';
import { createGrpcClient } from '../../../../src/protocols/grpc/client/client.js';
import { createGrpcChannel } from '../../../../src/protocols/grpc/engine.js';
import { dialerTo } from '../../../../src/transports/sockets/dial.js';
import { type Payload, ProbeDefinition } from '../../../conformance/gen/probe.js';
import { tlsOf } from '../../identities.js';
import { touch } from '../../raw-bytes.js';
import type { ClientWork } from '../client.js';

const look = ({ data }: Payload): unknown => touch(data);

export async function connectOurs(
  identity: string | undefined,
  [address = '']: readonly string[],
): Promise<ClientWork> {
  const tls = identity === undefined ? undefined : tlsOf(identity);
  const client = createGrpcClient(
    createGrpcChannel(securedChannelOptions(dialerTo({ network: 'unix', address }), tls)),
    ProbeDefinition,
  );
  return {
    echo: (data) => firstValueFrom(client.echo({ data, number: 1 })),
    down: (size, count) => lastValueFrom(client.produce({ count, size }).pipe(tap(look))),
    up: (size, count) => firstValueFrom(client.consume(repeat({ data: Buffer.alloc(size) }, count))),
  };
}

/** Pulled at the pace of the connection. */
export function* repeat<T>(value: T, times: number): Generator<T> {
  for (let time = 0; time < times; time += 1) yield value;
}
