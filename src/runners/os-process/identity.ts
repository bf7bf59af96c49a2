import { execFile } from 'node:child_process';
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

/** With a fixed time zone and language, so that the texts of two callers can be compared. */
function fromPs(pid: number): Promise<ProcessIdentity | undefined> {
  const options = { timeout: PS_TIMEOUT_MS, env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } };
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], options, (_error, stdout) => {
      const [, state = 'Z', startTime = ''] = /^\s*(\S+)\s+(.*\S)\s*$/.exec(stdout) ?? [];
      resolve(state.startsWith('Z') ? undefined : { pid, startTime });
    });
  });
}
