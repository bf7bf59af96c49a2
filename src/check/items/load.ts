import { firstValueFrom } from 'rxjs';
import { createGrpcClient } from '../../protocols/grpc/client/client.js';
import { GRPCStdioDefinition } from '../../protocols/grpc/gen/internal/plugin/grpc_stdio.js';
import type { Announced } from '../bench/announced.js';
import type { Bench } from '../bench/bench.js';
import { bounded } from '../bench/bounded.js';
import { GrpcConversation, statusOf } from '../bench/grpc-conversation.js';
import { HOSTILE } from '../bench/hostile-http2.js';
import { type CheckItem, type Finding, met, unmet } from './item.js';

const CALLS = 100;
/** Bound of the end of a connection that the plugin refuses. */
const REFUSAL_MS = 2000;

/** G, continued: many calls and connections, and hosts that misbehave. Each in a process of its own. */
export const LOAD_ITEMS: readonly CheckItem[] = [
  {
    id: 'G-08',
    level: 'MUST',
    protocol: 'grpc',
    title: 'serves several connections',
    expected: 'a second connection works, also after one that vanished in the middle of a call',
    doc: 'docs/wire/start-and-end.md#the-start',
    run: servesConnections,
  },
  {
    id: 'G-09',
    level: 'MUST',
    protocol: 'grpc',
    title: 'serves many calls at once',
    expected: `${CALLS} health checks at the same time are answered, also after a call that its deadline ended`,
    doc: 'docs/wire/grpc.md#which-grpc-services-does-a-host-call',
    run: servesManyCalls,
  },
  {
    id: 'G-10',
    level: 'SHOULD',
    protocol: 'grpc',
    title: 'survives hostile HTTP/2',
    expected: 'no preface, 1 MiB of headers, and 1000 streams that are reset at once cost their own connection at most',
    doc: 'docs/wire/http2.md#which-http2-does-this-library-speak',
    run: survivesHostility,
  },
];

async function servesConnections(bench: Bench): Promise<Finding> {
  await using launched = await bench.launch();
  const { plugin } = launched;
  await using first = bench.overGrpc(plugin);
  await first.ping();
  await using second = bench.overGrpc(plugin);
  await second.ping();
  await vanishInCall(bench, plugin);
  await Promise.all([first.ping(), second.ping()]);
  await using third = bench.overGrpc(plugin);
  await third.ping();
  return met('three connections, and a fourth that vanished in a call');
}

/** Closes the socket under an open call. */
async function vanishInCall(bench: Bench, plugin: Announced): Promise<void> {
  const socket = await bench.dial(plugin);
  await using conversation = new GrpcConversation({ dial: async () => socket });
  const call = createGrpcClient(conversation.channel, GRPCStdioDefinition)
    .streamStdio({})
    .subscribe({ error: () => {} });
  await conversation.ping();
  socket.destroy();
  call.unsubscribe();
}

async function servesManyCalls(bench: Bench): Promise<Finding> {
  await using launched = await bench.launch();
  await using conversation = bench.overGrpc(launched.plugin);
  await Promise.all(Array.from({ length: CALLS }, () => conversation.ping()));
  const stdio = createGrpcClient(conversation.channel, GRPCStdioDefinition);
  const status = await firstValueFrom(stdio.streamStdio({}, { timeoutMs: 1 })).then(() => 'OK', statusOf);
  await conversation.ping();
  return met(`${CALLS} answers; the call with a deadline of 1 ms: ${status}`);
}

async function survivesHostility(bench: Bench): Promise<Finding> {
  await using launched = await bench.launch();
  const { plugin, life } = launched;
  for (const [what, bytes] of HOSTILE) {
    const socket = await bench.dial(plugin);
    const closed = new Promise<void>((resolve) => socket.once('close', resolve));
    socket.on('error', () => {}).resume();
    socket.write(bytes);
    // A plugin may also answer and keep the connection.
    await bounded(REFUSAL_MS, 'end', closed).catch(() => {});
    socket.destroy();
    await using conversation = bench.overGrpc(plugin);
    try {
      await conversation.ping();
    } catch (error) {
      return unmet(`after ${what}: ${life.isOver ? 'the process has ended' : (error as Error).message}`);
    }
  }
  return met('it answers others afterwards');
}
