/** Calls that are cancelled as fast as they are made, beside calls that must not notice: no end may take it for an attack. */
import { type Client, credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import { firstValueFrom, lastValueFrom, take } from 'rxjs';
import { GrpcError, status } from '../../src/grpc.js';
import type { ClientOf } from '../../src/index.js';
import { createGrpcClient } from '../../src/protocols/grpc/client/client.js';
import { createGrpcChannel } from '../../src/protocols/grpc/engine.js';
import { hasGo, startGoClient, startGoServer } from '../bench/go-peer.js';
import { startPeer } from '../bench/peer.js';
import { ProbeDefinition } from '../conformance/gen/probe.js';
import { netDialer } from '../support/dialers.js';
import { grpcJsService } from '../support/grpc-js-probe.js';

const IN_FLIGHT = 64;

type Probe = ClientOf<typeof ProbeDefinition>;

/** A call that is ended by its client, each in another way. */
const CUT: readonly ((probe: Probe) => Promise<unknown>)[] = [
  async (probe) => probe.echo({ number: 1 }).subscribe().unsubscribe(),
  async (probe) => {
    const call = probe.echo({ number: 1 }).subscribe();
    await new Promise((resolve) => setImmediate(resolve));
    call.unsubscribe();
  },
  (probe) => lastValueFrom(probe.produce({ count: 1000, size: 10 }).pipe(take(1))),
  (probe) => lastValueFrom(probe.echo({ number: 1 }, { timeoutMs: 1 })).catch(expectDeadline),
];

function expectDeadline(error: unknown): void {
  if (!GrpcError.is(error) || error.status !== status.DEADLINE_EXCEEDED) throw error;
}

/** Cuts calls, many at a time, for so long. Resolves with the number of calls beside them; rejects when one of those fails. */
async function cutBeside(cut: (turn: number) => Promise<unknown>, answer: () => Promise<unknown>, durationMs: number) {
  const end = performance.now() + durationMs;
  let turn = 0;
  let answered = 0;
  const cutting = async () => {
    while (performance.now() < end) await cut(turn++);
  };
  const answering = async () => {
    for (; performance.now() < end; answered += 1) await answer();
  };
  await Promise.all([answering(), ...Array.from({ length: IN_FLIGHT }, cutting)]);
  return answered;
}

async function ourClient(socketPath: string, durationMs: number): Promise<number> {
  const channel = createGrpcChannel({ dialer: netDialer(socketPath) });
  try {
    const probe = createGrpcClient(channel, ProbeDefinition);
    const cut = (turn: number) => CUT[turn % CUT.length]!(probe);
    return await cutBeside(cut, () => firstValueFrom(probe.echo({ number: 1 })), durationMs);
  } finally {
    await channel.close();
  }
}

type Answered = (error: Error | null) => void;
type StockClient = Client & { echo(request: object, answered: Answered): { cancel(): void } };
const Stock = makeGenericClientConstructor(grpcJsService(ProbeDefinition), 'Probe');

async function grpcJsClient(socketPath: string, durationMs: number): Promise<number> {
  const client = new Stock(`unix:${socketPath}`, credentials.createInsecure()) as unknown as StockClient;
  const echo = () =>
    new Promise<void>((resolve, reject) => {
      client.echo({ number: 1 }, (error) => (error === null ? resolve() : reject(error)));
    });
  const cut = async () => {
    const call = client.echo({ number: 1 }, () => {});
    await new Promise((resolve) => setImmediate(resolve));
    call.cancel();
  };
  try {
    return await cutBeside(cut, echo, durationMs);
  } finally {
    client.close();
  }
}

async function goClient(socketPath: string, durationMs: number): Promise<number> {
  await using client = await startGoClient(socketPath);
  return (await client.order('cancel', IN_FLIGHT, 0, durationMs)).done;
}

/** A client, and a server in a process of its own. Each resolves with the number of calls that ended well beside the cancelled ones. */
export const PAIRS: Readonly<Record<string, (durationMs: number) => Promise<number>>> = {
  'ours → ours': (ms) => withServer(startPeer('native-server'), ourClient, ms),
  'grpc-js → ours': (ms) => withServer(startPeer('native-server'), grpcJsClient, ms),
  ...(hasGo && {
    'grpc-go → ours': (ms) => withServer(startPeer('native-server'), goClient, ms),
    'ours → grpc-go': (ms) => withServer(startGoServer(), ourClient, ms),
  }),
};

async function withServer(
  starting: Promise<AsyncDisposable & { readonly socketPath: string }>,
  client: (socketPath: string, durationMs: number) => Promise<number>,
  durationMs: number,
): Promise<number> {
  await using server = await starting;
  return await client(server.socketPath, durationMs);
}
