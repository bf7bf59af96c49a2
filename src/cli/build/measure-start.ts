import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Target } from '../target/resolve-target.js';

/** Milliseconds, medians of runs in turns. */
export interface StartTimes {
  /** From the spawn to the handshake line. */
  readonly startMs: number;
  /** `node -e 0`, to its end. */
  readonly nodeMs: number;
}

const ROUNDS = 5;
const LIMIT_MS = 20_000;

/** How long the plugin takes to its first line, beside a Node that does nothing. */
export async function measureStart(
  { command: [file, ...args], cookieKey, cookieValue, versions }: Target,
  { env: given, cwd }: { readonly env: NodeJS.ProcessEnv; readonly cwd: string | undefined },
): Promise<StartTimes> {
  // What is killed leaves its socket.
  const sockets = await mkdtemp(join(tmpdir(), 'plugin-start'));
  const env = {
    ...process.env,
    ...given,
    [cookieKey]: cookieValue,
    PLUGIN_PROTOCOL_VERSIONS: versions.join(','),
    PLUGIN_UNIX_SOCKET_DIR: sockets,
  };
  const [starts, nodes]: [number[], number[]] = [[], []];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      starts.push(await firstLine(spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'ignore'] })));
      nodes.push(await end(spawn(process.execPath, ['-e', '0'], { env, stdio: 'ignore' })));
    }
  } finally {
    await rm(sockets, { recursive: true });
  }
  return { startMs: median(starts), nodeMs: median(nodes) };
}

async function firstLine(child: ChildProcess): Promise<number> {
  const begin = performance.now();
  const exit = once(child, 'exit');
  try {
    await once(child.stdout!, 'data', { signal: AbortSignal.timeout(LIMIT_MS) });
    return performance.now() - begin;
  } finally {
    child.kill('SIGKILL');
    await exit;
  }
}

async function end(child: ChildProcess): Promise<number> {
  const begin = performance.now();
  await once(child, 'exit');
  return performance.now() - begin;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
