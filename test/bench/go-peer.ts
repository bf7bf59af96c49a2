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

async function startJob(job: string, socketPath: string): Promise<GoJob> {
  const child = spawn(await program(), [job, socketPath], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  return {
    async ask(line) {
      child.stdin.write(`${line}\n`);
      const [answer] = (await once(lines, 'line')) as [string];
      return answer;
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
    },
  };
}

/** grpc-go as a server, in a process of its own. */
export async function startGoServer(): Promise<AsyncDisposable & { readonly socketPath: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'g-'));
  const socketPath = join(directory, 's');
  const child = spawn(await program(), ['serve', socketPath], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  const stop = async () => {
    child.stdin.end();
    await exited;
    rmSync(directory, { recursive: true, force: true });
  };
  return { socketPath, [Symbol.asyncDispose]: stop };
}

/** grpc-go as a client of the server on a socket: it measures by itself, on order. */
export interface GoClient extends AsyncDisposable {
  /** For instance `unary 16 100 1000`: in flight, bytes, milliseconds. Resolves with a rate per second. */
  order(line: string): Promise<number>;
}

export async function startGoClient(socketPath: string): Promise<GoClient> {
  const job = await startJob('call', socketPath);
  return {
    order: async (line) => Number(await job.ask(line)),
    [Symbol.asyncDispose]: () => job[Symbol.asyncDispose](),
  };
}

/** Go's net/rpc as a server, in a process of its own; the first byte of a connection tells whether yamux follows. */
export interface GoRpcServer extends AsyncDisposable {
  readonly socketPath: string;
  /** CPU time that the process has used, in microseconds. */
  cpuMicros(): Promise<number>;
}

export async function startGoRpcServer(): Promise<GoRpcServer> {
  const directory = mkdtempSync(join(tmpdir(), 'g-'));
  const socketPath = join(directory, 's');
  const job = await startJob('rpc-serve', socketPath);
  return {
    socketPath,
    cpuMicros: async () => Number(await job.ask('cpu')),
    async [Symbol.asyncDispose]() {
      await job[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
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
