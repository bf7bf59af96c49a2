/**
 * net/rpc calls that echo 100 bytes: their rate, latency and CPU time, beside a bare socket, beside our gRPC and beside Go's own
 * net/rpc, whose figures need Go. "Ours" and "Go" mean both ends; over yamux is what go-plugin's hosts and plugins do.
 */
import { hasGo, startGoRpcClient, startGoRpcServer } from './go-peer.js';
import { compareUnary } from './pair-tables.js';
import { measured, type Pair, pairOf, startClient } from './pairs.js';
import { startPeer } from './peer.js';

const opened: AsyncDisposable[] = [];
const keep = <T extends AsyncDisposable>(resource: T): T => {
  opened.unshift(resource);
  return resource;
};
const client = async (kind: string, socketPath: string) => keep(await startClient(kind, undefined, socketPath));
const echo = keep(await startPeer('raw-echo'));
const node = keep(await startPeer('netrpc-server'));
const grpc = keep(await startPeer('native-server'));
const nodeCpu = () => node.cpuMicros();

const pairs: Record<string, Pick<Pair, 'unary'>> = {
  'raw socket': pairOf(await client('raw', echo.socketPath), () => echo.cpuMicros()),
  'raw socket, batched': pairOf(await client('batched', echo.socketPath), () => echo.cpuMicros()),
  'ours to ours': pairOf(await client('netrpc', node.socketPath), nodeCpu),
  'ours to ours, over yamux': pairOf(await client('netrpc-yamux', node.socketPath), nodeCpu),
  'ours to ours, gRPC': pairOf(await client('ours', grpc.socketPath), () => grpc.cpuMicros()),
  ...(hasGo ? await goPairs() : {}),
};

async function goPairs(): Promise<Record<string, Pick<Pair, 'unary'>>> {
  const server = keep(await startGoRpcServer());
  const go = keep(await startGoRpcClient(server.socketPath));
  const cpu = () => server.cpuMicros();
  const goToGo = (yamux: boolean): Pick<Pair, 'unary'> => ({
    unary: (inFlight, bytes, ms) => measured(cpu, () => go.echo(yamux, inFlight, bytes, ms)),
  });
  return {
    'ours to Go, over yamux': pairOf(await client('netrpc-yamux', server.socketPath), cpu),
    'Go to Go': goToGo(false),
    'Go to Go, over yamux': goToGo(true),
  };
}

await compareUnary(pairs, {
  title: 'net/rpc calls of 100 B over a unix socket',
  unit: 'calls/s',
  baseline: 'raw socket',
});
for (const resource of opened) await resource[Symbol.asyncDispose]();
