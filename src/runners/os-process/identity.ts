import { execFile } from 'node:child_process';
import { readProcessEntry } from './table.js';

/** One process for ever: the number alone goes to another process in time. */
export interface ProcessIdentity {
  /** The process's number. */
  readonly pid: number;
  /** When it began, in the system's own terms; unknown on Windows. */
  readonly startTime?: string;
}

const PS_TIMEOUT_MS = 2_000;

/** Who has the pid now; undefined when nobody has, or a zombie. Never rejects. */
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

/** The same clock, zone and language for whoever asks, so that texts can be compared. */
function fromPs(pid: number): Promise<ProcessIdentity | undefined> {
  const options = { timeout: PS_TIMEOUT_MS, env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } };
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], options, (_error, stdout) => {
      const [, state = 'Z', startTime = ''] = /^\s*(\S+)\s+(.*\S)\s*$/.exec(stdout) ?? [];
      resolve(state.startsWith('Z') ? undefined : { pid, startTime });
    });
  });
}
