import { outputOf } from './output-of.js';
import { readProcessEntry } from './table.js';

/** Identifies one process for good: a pid alone is reused by later processes. */
export interface ProcessIdentity {
  /** The process id. */
  readonly pid: number;
  /** When it was started, in the system's units; unknown on Windows. */
  readonly startTime?: string;
}

const PS_TIMEOUT_MS = 2_000;

/** The process that has the pid now; undefined for none and for a zombie. Never rejects. */
export async function identify(
  pid: number,
  platform: NodeJS.Platform = process.platform,
): Promise<ProcessIdentity | undefined> {
  if (platform === 'linux') return fromProc(pid);
  return platform === 'win32' ? fromSignal(pid) : await fromPs(pid);
}

function fromProc(pid: number): ProcessIdentity | undefined {
  const entry = readProcessEntry(pid);
  return entry === undefined ? undefined : { pid, startTime: String(entry.startTicks) };
}

function fromSignal(pid: number): ProcessIdentity | undefined {
  try {
    process.kill(pid, 0);
    return { pid };
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM' ? { pid } : undefined;
  }
}

async function fromPs(pid: number): Promise<ProcessIdentity | undefined> {
  const line = await outputOf('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { timeoutMs: PS_TIMEOUT_MS });
  const [, state = 'Z', startTime = ''] = /^\s*(\S+)\s+(.*\S)\s*$/.exec(line) ?? [];
  return state.startsWith('Z') ? undefined : { pid, startTime };
}
