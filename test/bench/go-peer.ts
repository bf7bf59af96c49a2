import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildGo, needsGo } from '../conformance/build-go.js';

async function program(): Promise<string> {
  return join(await buildGo('test/conformance/go', ['bench']), 'bench');
}

/** Whether there is a Go to measure against. */
export const hasGo = needsGo().skip === false;

/** A Go program that was started with a job and a socket, and answers lines with lines. */
interface GoJob extends AsyncDisposable {
  ask(line: string): Promise<string>;
}

async function startJob(job: string, socketPath: string, identity?: string): Promise<GoJob> {
  const args = identity === undefined ? [] : [identity];
  const child = spawn(await program(), [job, socketPath, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  return {
    async ask(line) {
      child.stdin.write(`${line}\n`);
      const died = exited.then(([code]) => Promise.reject(new Error(`${job} ended with ${code}`)));
      const [answer] = (await Promise.race([once(lines, 'line'), died])) as [string];
      return answer;
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
    },
  };
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
  const process = await startJob(job, socketPath, identity);
  return {
    socketPath,
    cpuMicros: async () => Number(await process.ask('cpu')),
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** What a Go client did on order. */
export interface GoWork {
  /** Calls, or messages. */
  readonly done: number;
  readonly seconds: number;
  /** CPU time of the calling process. */
  readonly cpuMicros: number;
  /** Of calls; 0 for streams. */
  readonly medianMicros: number;
}

/** grpc-go as a client of the server on a socket: it measures by itself, on order. */
export interface GoClient extends AsyncDisposable {
  /**
   * `unary`: calls in flight, bytes. `down`, `up`: bytes, messages of one stream. `cancel`: calls in flight, 0. For so many milliseconds.
   * The process ends if a call fails.
   */
  order(what: 'unary' | 'down' | 'up' | 'cancel', first: number, second: number, durationMs: number): Promise<GoWork>;
}

export async function startGoClient(socketPath: string, identity?: string): Promise<GoClient> {
  const job = await startJob('call', socketPath, identity);
  return {
    async order(...words) {
      const answer = (await job.ask(words.join(' '))).split(' ').map(Number);
      const [done = 0, seconds = 0, cpuMicros = 0, medianMicros = 0] = answer;
      return { done, seconds, cpuMicros, medianMicros };
    },
    [Symbol.asyncDispose]: () => job[Symbol.asyncDispose](),
  };
}

/** Go's net/rpc as a server; the first byte of a connection tells whether yamux follows. */
export function startGoRpcServer(): Promise<GoServer> {
  return startServer('rpc-serve');
}

/** What Go measured of its own calls; times in microseconds, CPU that of the calling process alone. */
export interface GoCosts {
  readonly rate: number;
  readonly medianMicros: number;
  readonly slowMicros: number;
  readonly cpuMicros: number;
  readonly calls: number;
}

/** Go's net/rpc as a client of the server on a socket. */
export interface GoRpcClient extends AsyncDisposable {
  echo(yamux: boolean, inFlight: number, bytes: number, durationMs: number): Promise<GoCosts>;
}

export async function startGoRpcClient(socketPath: string): Promise<GoRpcClient> {
  const job = await startJob('rpc-call', socketPath);
  return {
    async echo(yamux, inFlight, bytes, durationMs) {
      const answer = await job.ask([yamux ? 1 : 0, inFlight, bytes, durationMs].join(' '));
      const [rate = 0, medianMicros = 0, slowMicros = 0, cpuMicros = 0, calls = 0] = answer.split(' ').map(Number);
      return { rate, medianMicros, slowMicros, cpuMicros, calls };
    },
    [Symbol.asyncDispose]: () => job[Symbol.asyncDispose](),
  };
}
