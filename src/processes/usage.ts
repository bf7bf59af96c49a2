import { readFileSync } from 'node:fs';
import { outputOf } from './output-of.js';
import { readProcessTable } from './table.js';
import { descendantsOf } from './tree.js';

/** What a process and all that it has started use. */
export interface TreeUsage {
  /** Resident memory. Pages that the processes share count for each. */
  readonly rssBytes: number;
  /** CPU time so far, of user and system. */
  readonly cpuMs: number;
  /** How many processes there are. */
  readonly processes: number;
}

/** Linux counts CPU time in hundredths of a second, whatever the kernel's own tick is. */
const MS_PER_TICK = 10;
const PS_TIMEOUT_MS = 2000;

/** What the tree of a process uses now: from /proc on Linux, from `ps` elsewhere. Undefined where it cannot be known. Never rejects. */
export async function usageOfTree(
  pid: number,
  platform: NodeJS.Platform = process.platform,
): Promise<TreeUsage | undefined> {
  if (platform === 'win32' || !Number.isInteger(pid)) return undefined;
  const pids = [pid, ...descendantsOf(pid, await readProcessTable(platform)).map((entry) => entry.pid)];
  const all = platform === 'linux' ? pids.map(usageInProc) : await usageByPs(pids);
  const known = all.filter((usage) => usage !== undefined);
  if (known.length === 0) return undefined;
  return {
    rssBytes: known.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
    cpuMs: known.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    processes: known.length,
  };
}

type ProcessUsage = Omit<TreeUsage, 'processes'>;

function usageInProc(pid: number): ProcessUsage | undefined {
  try {
    const rssKib = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The 14th and 15th field (proc_pid_stat(5)); the name before them may contain blanks.
    const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
    if (rssKib === undefined) return undefined;
    return { rssBytes: Number(rssKib) * 1024, cpuMs: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK };
  } catch {
    return undefined;
  }
}

async function usageByPs(pids: readonly number[]): Promise<(ProcessUsage | undefined)[]> {
  const text = await outputOf('ps', ['-o', 'rss=,time=', '-p', pids.join()], {
    timeoutMs: PS_TIMEOUT_MS,
    maxBytes: 1 << 20,
  });
  return text.split('\n').map(parsePsUsage);
}

/** Parses a line of `ps -o rss=,time=`: `12345 1-02:03:04`, `12345 0:01.25`. */
export function parsePsUsage(line: string): ProcessUsage | undefined {
  const match = /^\s*(\d+)\s+(?:(\d+)-)?([\d:.]+)\s*$/.exec(line);
  if (match === null) return undefined;
  const seconds = (match[3] ?? '').split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return { rssBytes: Number(match[1]) * 1024, cpuMs: Math.round(1000 * (Number(match[2] ?? 0) * 86_400 + seconds)) };
}
