import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { LIMIT_MS } from '../bounded.js';

/** Whether a process exists and is not a zombie. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return process.platform !== 'linux' || !/^State:\s+Z/m.test(readOr(`/proc/${pid}/status`));
}

/** Resolves when a process is gone; there is no event for the end of a process that is not one's child. */
export async function untilGone(pid: number): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  while (isRunning(pid)) {
    if (Date.now() > deadline) throw new Error(`Process ${pid} is still there after ${LIMIT_MS} ms.`);
    await delay(10);
  }
}

/** Ids of the processes whose command line contains a text; Linux only, empty elsewhere. */
export function processesWith(text: string): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => readOr(`/proc/${pid}/cmdline`).includes(text) && isRunning(pid));
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
