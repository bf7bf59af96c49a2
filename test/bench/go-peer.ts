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
  const child = spawn(await program(), ['call', socketPath], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  return {
    async order(line) {
      child.stdin.write(`${line}\n`);
      const [rate] = (await once(lines, 'line')) as [string];
      return Number(rate);
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
    },
  };
}
