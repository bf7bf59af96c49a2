import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { within } from '../support/defer.js';

/** The published command. */
export const CLI = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly stdin?: string | undefined;
  readonly cwd?: string;
  /** Variables besides those of this process. */
  readonly env?: NodeJS.ProcessEnv;
  readonly limitMs?: number;
}

/** Runs `rxplug` with arguments, and what is to be on its stdin. */
export async function runCli(
  args: readonly string[],
  { stdin = '', cwd, env, limitMs = 20_000 }: RunOptions = {},
): Promise<CliResult> {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  child.stdin.end(stdin);
  const exit = new Promise<Pick<CliResult, 'code' | 'signal'>>((resolve, reject) => {
    child.once('exit', (code, signal) => resolve({ code, signal })).once('error', reject);
  });
  const all = Promise.all([exit, text(child.stdout), text(child.stderr)]);
  const [ended, stdout, stderr] = await within(limitMs, `rxplug ${args[0]}`, all).finally(() => child.kill());
  return { ...ended, stdout, stderr };
}
