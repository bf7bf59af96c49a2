/**
 * What users of Node choose instead: child_process.fork with both of its serializations, MessagePort to a thread, and vscode-jsonrpc over
 * a socket; beside our gRPC. Each message is answered with itself.
 */
import { type Contender, compareAll } from './harness.js';
import { installJsonRpc } from './json-rpc-library.js';
import { type Pair, pairOf, startClient } from './pairs.js';
import { startPeer } from './peer.js';

await using own = await startPeer('native-server');
await using library = await installJsonRpc();
await using rpcServer = library && (await startPeer('json-rpc-server', library.path));
const clients = {
  'ours, gRPC': await startClient('ours', undefined, own.socketPath),
  'child_process.fork, json': await startClient('fork-json', undefined),
  'child_process.fork, advanced': await startClient('fork-advanced', undefined),
  'MessagePort, a thread': await startClient('message-port', undefined),
  ...(rpcServer && { 'vscode-jsonrpc': await startClient('jsonrpc', undefined, rpcServer.socketPath, library.path) }),
};
const pairs = Object.entries(clients).map(([name, client]): [string, Pair] => [name, pairOf(client)]);
const columns = [
  ['100 B, 1 in flight', 1, 100],
  ['16 in flight', 16, 100],
  ['64 in flight', 64, 100],
  ['64 KiB, 4 in flight', 4, 65_536],
] as const;
await compareAll({
  title: 'Requests that are answered with their own bytes, between two processes or threads of Node',
  unit: 'requests/s',
  baseline: 'ours, gRPC',
  columns: Object.fromEntries(
    columns.map(([name, inFlight, bytes]) => {
      const run = (pair: Pair): Contender => {
        return (ms) => pair.unary(inFlight, bytes, ms);
      };
      return [name, Object.fromEntries(pairs.map(([contender, pair]) => [contender, run(pair)]))];
    }),
  ),
  details: [['100 B, 1 in flight', 'latency, µs']],
});
for (const client of Object.values(clients)) await client[Symbol.asyncDispose]();
