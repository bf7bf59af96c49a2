import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A server program of `peers/` in a process of its own, and where it listens. It ends with this process, whatever becomes of it. */
export interface Peer extends AsyncDisposable {
  readonly socketPath: string;
  readonly process: ChildProcess;
  /** CPU time that its process has used, in microseconds, where its program answers orders. */
  cpuMicros(): Promise<number>;
}

/** Starts `peers/<name>.js` with a socket path and further arguments and waits for its first output. */
export async function startPeer(name: string, ...args: readonly string[]): Promise<Peer> {
  const directory = mkdtempSync(join(tmpdir(), 'b-'));
  const socketPath = join(directory, 's');
  const program = fileURLToPath(new URL(`./peers/${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [program, socketPath, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const ended = exited.then(() => Promise.reject(new Error(`${name} ended`)));
  ended.catch(() => {});
  const answer = async () => String(((await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer])[0]);
  await answer();
  const cpuMicros = async () => {
    child.stdin.write('cpu\n');
    return Number(await answer());
  };
  const stop = async () => {
    child.stdin.end();
    await exited;
    rmSync(directory, { recursive: true });
  };
  return { socketPath, process: child, cpuMicros, [Symbol.asyncDispose]: stop };
}
