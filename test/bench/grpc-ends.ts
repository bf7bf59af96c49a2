import { hasGo, startGoClient, startGoServer } from './go-peer.js';
import type { Identities } from './identities.js';
import { type Pair, pairOf, startClient } from './pairs.js';
import { startPeer } from './peer.js';

/** The pairs that are compared, all over unix sockets, and what to dispose afterwards. */
export interface Ends extends AsyncDisposable {
  readonly pairs: Readonly<Record<string, Pair>>;
  /** The pair without streams. */
  readonly unaryOnly: string;
}

/** Starts every end in a process of its own. Identities: under mutual TLS. */
export async function startEnds(identities?: Identities): Promise<Ends> {
  const opened: AsyncDisposable[] = [];
  const keep = <T extends AsyncDisposable>(resource: T): T => {
    opened.unshift(resource);
    return resource;
  };
  const server = identities === undefined ? [] : [identities.server];
  const peer = async (name: string) => keep(await startPeer(name, ...server));
  const client = async (kind: string, ...sockets: string[]) =>
    keep(await startClient(kind, identities?.client, ...sockets));
  const [echo, source, sink] = [await peer('raw-echo'), await peer('raw-source'), await peer('raw-sink')];
  const rawCpu = async () => (await echo.cpuMicros()) + (await source.cpuMicros()) + (await sink.cpuMicros());
  const raw = await client('raw', echo.socketPath, source.socketPath, sink.socketPath);
  const [own, stock] = [await peer('native-server'), await peer('grpc-js-streams')];
  const ownCpu = () => own.cpuMicros();
  const pairs: Record<string, Pair> = {
    'raw socket': pairOf(raw, rawCpu),
    [BATCHED]: pairOf(await client('batched', echo.socketPath), () => echo.cpuMicros()),
    'ours ↔ ours': pairOf(await client('ours', own.socketPath), ownCpu),
  };
  if (hasGo) {
    const go = keep(await startGoServer(identities?.server));
    const goCpu = () => go.cpuMicros();
    const goClient = async (socketPath: string) => keep(await startGoClient(socketPath, identities?.client));
    pairs['ours → grpc-go'] = pairOf(await client('ours', go.socketPath), goCpu);
    pairs['grpc-go → ours'] = pairOf(await goClient(own.socketPath), ownCpu);
    pairs['grpc-go ↔ grpc-go'] = pairOf(await goClient(go.socketPath), goCpu);
  }
  pairs['grpc-js ↔ grpc-js'] = pairOf(await client('grpc-js', stock.socketPath), () => stock.cpuMicros());
  const dispose = async () => {
    for (const resource of opened) await resource[Symbol.asyncDispose]();
  };
  return { pairs, unaryOnly: BATCHED, [Symbol.asyncDispose]: dispose };
}

const BATCHED = 'raw socket, batched';
