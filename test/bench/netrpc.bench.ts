/** net/rpc calls that echo 100 bytes, beside a bare socket and beside Go's own net/rpc, whose figures need Go. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { firstValueFrom } from 'rxjs';
import { EagerWriter } from '../../src/protocols/netrpc/eager-writer.js';
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

/** The same bytes as a bare echo, written as our client writes: the first of a turn at once, the rest together. */
async function batchedEcho(path: string): Promise<() => Promise<void>> {
  const socket = await dial(path);
  const gathered: Uint8Array[] = [];
  const source = {
    get pendingBytes() {
      return gathered.length * payload.length;
    },
    take: () => Buffer.concat(gathered.splice(0)),
  };
  const writer = new EagerWriter(socket, source);
  const waiting: (() => void)[] = [];
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    const done = Math.floor(bytes / payload.length);
    bytes -= done * payload.length;
    for (const resolve of waiting.splice(0, done)) resolve();
  });
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      gathered.push(payload);
      writer.appended();
    });
}

const raw = await startRawEcho();
const echoPeer = await startPeer('raw-echo');
const batched = await batchedEcho(echoPeer.socketPath);
const node = await startPeer('netrpc-server');
const bare = await ours(node.socketPath, false);
const muxed = await ours(node.socketPath, true);
const go = needsGo().skip === false ? await GoRpcServer.start() : undefined;
const toGo = go === undefined ? undefined : createNetRpcClient(await dial(go.path));

for (const inFlight of [1, 16, 64]) {
  const contenders: Record<string, Contender> = {
    'raw echo': throughput(inFlight, () => raw.echo(payload)),
    'raw echo, batched': throughput(inFlight, batched),
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
// The batched echo's socket ends with this process, and its peer with that.
process.exit(0);
