import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildGo, needsGo } from '../conformance/build-go.js';
import { type Job, order, startJob, type Work } from './job.js';

async function program(): Promise<string> {
  return join(await buildGo('test/conformance/go', ['bench']), 'bench');
}

/** Whether there is a Go to measure against. */
export const hasGo = needsGo().skip === false;

async function startGoJob(job: string, socketPath: string, identity?: string): Promise<Job> {
  return startJob([await program(), job, socketPath, ...(identity === undefined ? [] : [identity])]);
}

/** Our host and go-plugin's, each as a job of the plugins that `goPlugin` and `ourPlugin` run. */
export async function hostCommands(): Promise<Record<'Go' | 'ours', readonly [string, ...string[]]>> {
  const ours = fileURLToPath(new URL('./peers/host.js', import.meta.url));
  return { Go: [await program(), 'host'], ours: [process.execPath, ours] };
}

/** The same plugin in both languages, as the conformance suite has it. */
export async function pluginCommands(): Promise<Record<'Go' | 'ours', readonly string[]>> {
  const ours = fileURLToPath(new URL('../conformance/plugin/kv-plugin.js', import.meta.url));
  return { Go: [join(await buildGo('test/conformance/go', ['plugin']), 'plugin')], ours: [process.execPath, ours] };
}

/** A Go server in a process of its own. */
export interface GoServer extends AsyncDisposable {
  readonly socketPath: string;
  /** CPU time that the process has used, in microseconds. */
  cpuMicros(): Promise<number>;
}

/** grpc-go as a server, under mutual TLS if a directory with an identity is given. */
export function startGoServer(identity?: string): Promise<GoServer> {
  return startServer('serve', identity);
}

async function startServer(job: string, identity?: string): Promise<GoServer> {
  const directory = mkdtempSync(join(tmpdir(), 'g-'));
  const socketPath = join(directory, 's');
  const process = await startGoJob(job, socketPath, identity);
  return {
    socketPath,
    cpuMicros: async () => Number(await process.ask('cpu')),
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** grpc-go as a client of the server on a socket: it measures by itself, on order. */
export interface GoClient extends Job {
  /**
   * `unary`: calls in flight, bytes. `down`, `up`: bytes, messages of one stream. `cancel`: calls in flight, 0. For so many milliseconds.
   * The process ends if a call fails.
   */
  order(what: 'unary' | 'down' | 'up' | 'cancel', first: number, second: number, durationMs: number): Promise<Work>;
}

export async function startGoClient(socketPath: string, identity?: string): Promise<GoClient> {
  const job = await startGoJob('call', socketPath, identity);
  return { ...job, order: (...words) => order(job, ...words) };
}

/** Go's net/rpc as a server; the first byte of a connection tells whether yamux follows. */
export function startGoRpcServer(): Promise<GoServer> {
  return startServer('rpc-serve');
}

/** Go's net/rpc as a client of the server on a socket. */
export interface GoRpcClient extends AsyncDisposable {
  echo(yamux: boolean, inFlight: number, bytes: number, durationMs: number): Promise<Work>;
}

export async function startGoRpcClient(socketPath: string): Promise<GoRpcClient> {
  const job = await startGoJob('rpc-call', socketPath);
  return {
    async echo(yamux, inFlight, bytes, durationMs) {
      const answer = await job.ask([yamux ? 1 : 0, inFlight, bytes, durationMs].join(' '));
      const [rate = 0, medianMicros = 0, , cpuMicros = 0, done = 0] = answer.split(' ').map(Number);
      return { done, seconds: done / rate, cpuMicros, medianMicros };
    },
    [Symbol.asyncDispose]: () => job[Symbol.asyncDispose](),
  };
}
