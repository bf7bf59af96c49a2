/**
 * A client on Node in a process of its own, as `bench call` is for Go: `client KIND IDENTITY SOCKET …`, where the identity is a directory
 * or `-`. Answers the orders `unary IN_FLIGHT BYTES MS`, `down BYTES COUNT MS` and `up BYTES COUNT MS`.
 */
import { answerWork, type Done, repeat } from './work.js';

/** What a client does, once. */
export interface ClientWork {
  echo(message: Uint8Array): Promise<unknown>;
  down?(size: number, messages: number): Promise<unknown>;
  up?(size: number, messages: number): Promise<unknown>;
}

type Connect = (identity: string | undefined, sockets: readonly string[]) => Promise<ClientWork>;

/** Each loads only what it needs. */
const KINDS: Readonly<Record<string, () => Promise<Connect>>> = {
  ours: async () => (await import('./clients/ours.js')).connectOurs,
  'grpc-js': async () => (await import('./clients/grpc-js.js')).connectGrpcJs,
  'grpc-js-on-ours': async () => (await import('./clients/grpc-js.js')).connectOnOurs,
  netrpc: async () => (await import('./clients/netrpc.js')).netRpcClient(false),
  'netrpc-yamux': async () => (await import('./clients/netrpc.js')).netRpcClient(true),
  http2: async () => (await import('./clients/http2.js')).connectOwn,
  'node-http2': async () => (await import('./clients/http2.js')).connectNode,
  raw: async () => (await import('./clients/raw.js')).connectRaw,
  batched: async () => (await import('./clients/raw.js')).connectBatched,
  'fork-json': async () => (await import('./clients/fork.js')).forked('json'),
  'fork-advanced': async () => (await import('./clients/fork.js')).forked('advanced'),
  'message-port': async () => (await import('./clients/fork.js')).connectThread,
  jsonrpc: async () => (await import('./clients/json-rpc.js')).connectJsonRpc,
};

const [kind = '', identity, ...sockets] = process.argv.slice(2);
const connect = await KINDS[kind]!();
const work = await connect(identity === '-' ? undefined : identity, sockets);

async function streams(messages: number, durationMs: number, carry: () => Promise<unknown>): Promise<Done> {
  const end = performance.now() + durationMs;
  let done = 0;
  while (performance.now() < end) {
    await carry();
    done += messages;
  }
  return { done };
}

await answerWork({
  unary: (inFlight, bytes, durationMs) => {
    const message = Buffer.alloc(bytes, 'x');
    return repeat(inFlight, durationMs, () => work.echo(message));
  },
  down: (size, messages, durationMs) => streams(messages, durationMs, async () => work.down?.(size, messages)),
  up: (size, messages, durationMs) => streams(messages, durationMs, async () => work.up?.(size, messages)),
});
