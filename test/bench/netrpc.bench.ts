/** net/rpc calls that echo 100 bytes, beside a bare socket and beside Go's own net/rpc, whose figures need Go. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { firstValueFrom } from 'rxjs';
import { createNetRpcClient, type NetRpcClient } from '../../src/protocols/netrpc/rpc-client.js';
import { createYamuxSession } from '../../src/transports/yamux/session.js';
import { gob } from '../../src/wire/gob/index.js';
import { needsGo } from '../conformance/build-go.js';
import { GoRpcServer, runPeer } from '../interop/netrpc/rpc-peer.js';
import { type Contender, compare, throughput } from './harness.js';
import { startPeer } from './peer.js';
import { startRawEcho } from './raw-echo.js';

const payload = new Uint8Array(100).fill(120);

async function dial(path: string) {
  const socket = connect(path);
  await once(socket, 'connect');
  return socket;
}

/** To our server, which is told first whether yamux follows. */
async function ours(path: string, yamux: boolean): Promise<NetRpcClient> {
  const socket = await dial(path);
  socket.write(Uint8Array.of(yamux ? 1 : 0));
  // The server has to have read it alone.
  await new Promise((resolve) => setTimeout(resolve, 100));
  if (!yamux) return createNetRpcClient(socket);
  return createNetRpcClient(await createYamuxSession(socket, { role: 'client' }).open());
}

const echo = (client: NetRpcClient) => () => firstValueFrom(client.call('Plugin.Echo', gob.bytes, payload, gob.bytes));

const raw = await startRawEcho();
const node = await startPeer('netrpc-server');
const bare = await ours(node.socketPath, false);
const muxed = await ours(node.socketPath, true);
const go = needsGo().skip === false ? await GoRpcServer.start() : undefined;
const toGo = go === undefined ? undefined : createNetRpcClient(await dial(go.path));

for (const inFlight of [1, 16, 64]) {
  const contenders: Record<string, Contender> = {
    'raw echo': throughput(inFlight, () => raw.echo(payload)),
    'ours to ours': throughput(inFlight, echo(bare)),
    'ours to ours, over yamux': throughput(inFlight, echo(muxed)),
  };
  if (go !== undefined && toGo !== undefined) {
    contenders['ours to Go'] = throughput(inFlight, echo(toGo));
    contenders['Go to Go'] = async (ms) => Number(await runPeer(['bench', go.path, String(inFlight), String(ms)]));
  }
  const title = `net/rpc calls of 100 B over a unix socket, ${inFlight} in flight`;
  await compare({ title, unit: 'calls/s', baseline: 'raw echo', contenders });
}
await Promise.all([bare.close(), muxed.close(), toGo?.close()]);
await raw[Symbol.asyncDispose]();
await node[Symbol.asyncDispose]();
await go?.[Symbol.asyncDispose]();
process.exit(0);
