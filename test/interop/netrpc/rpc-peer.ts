import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildGo } from '../../conformance/build-go.js';

/** Builds `go/rpcpeer` and resolves with its path. */
export async function rpcPeer(): Promise<string> {
  return join(await buildGo('test/interop/netrpc/go', ['rpcpeer']), 'rpcpeer');
}

/** A socket path of one's own. */
export function socketPath(): { readonly path: string; readonly remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'n-'));
  return { path: join(directory, 's'), remove: () => rmSync(directory, { recursive: true }) };
}

/** Go's net/rpc server in a process of its own. */
export class GoRpcServer implements AsyncDisposable {
  readonly path: string;
  readonly #process: ChildProcess;
  readonly #remove: () => void;

  private constructor(path: string, process: ChildProcess, remove: () => void) {
    this.path = path;
    this.#process = process;
    this.#remove = remove;
  }

  static async start(): Promise<GoRpcServer> {
    const program = await rpcPeer();
    const { path, remove } = socketPath();
    const child = spawn(program, ['server', path], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    return new GoRpcServer(path, child, remove);
  }

  /** As a crash: at once. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin!.end();
    if (this.#process.exitCode === null && this.#process.signalCode === null) await once(this.#process, 'exit');
    this.#remove();
  }
}

/** Runs `rpcpeer` to its end and resolves with what it printed. */
export async function runPeer(args: readonly string[]): Promise<string> {
  const child = spawn(await rpcPeer(), args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`rpcpeer ended with ${code}`);
  return output;
}
