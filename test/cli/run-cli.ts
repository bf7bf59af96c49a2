import { spawn } from 'node:child_process';
import { once } from 'node:events';
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

/** `rxplug` that is to run for a while. */
export interface StartedCli extends AsyncDisposable {
  /** The next line of an output, from those that were not given yet, that fits. */
  line(of: 'stdout' | 'stderr', pattern: RegExp): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** How it has ended, with all that it has printed. */
  readonly ended: Promise<CliResult>;
}

/** Starts `rxplug`; the disposal kills it. */
export function startCli(args: readonly string[], { cwd, env }: RunOptions = {}): StartedCli {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const printed = { stdout: '', stderr: '' };
  const seen = { stdout: 0, stderr: 0 };
  for (const of of ['stdout', 'stderr'] as const) child[of].on('data', (chunk) => (printed[of] += chunk));
  const ended = once(child, 'close').then(([code, signal]): CliResult => ({ code, signal, ...printed }));
  const next = (of: 'stdout' | 'stderr', pattern: RegExp): string | undefined => {
    for (;;) {
      const end = printed[of].indexOf('\n', seen[of]);
      if (end < 0) return undefined;
      const line = printed[of].slice(seen[of], end);
      seen[of] = end + 1;
      if (pattern.test(line)) return line;
    }
  };
  return {
    ended: within(20_000, `the end of rxplug ${args[0]}`, ended),
    kill: (signal) => void child.kill(signal),
    async line(of, pattern) {
      for (let line = next(of, pattern); ; line = next(of, pattern)) {
        if (line !== undefined) return line;
        const more = Promise.race([once(child[of], 'data'), ended.then(() => true)]);
        const isOver = await within(20_000, `a line like ${pattern} of rxplug ${args[0]}`, more);
        if (isOver === true && next(of, pattern) === undefined)
          throw new Error(`rxplug ended without ${pattern}: ${printed.stdout}${printed.stderr}`);
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
