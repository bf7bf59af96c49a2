import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** `PID-START-SYSTEM`, which can be part of a file's name. */
const OWNER = /^(\d{1,10})-(\d{1,20})-([0-9a-f]{16})$/;

/**
 * This process, as the owner of a file that is to be removed when it has ended: its pid, its start time, because pids are used again, and
 * the system that both are of, because a cache may be shared by machines and by containers.
 */
export function describeOwner(): string {
  return `${process.pid}-${startOf(process.pid) ?? 0}-${system()}`;
}

/** Whether an owner is of another system, or of this one before its last start: nothing can be known about it. */
export function isForeign(owner: string): boolean {
  const [, , , of] = OWNER.exec(owner) ?? [];
  return of !== system();
}

/** Whether an owner has ended for certain. */
export function isGone(owner: string): boolean {
  const [, pid, start] = OWNER.exec(owner) ?? [];
  if (pid === undefined || isForeign(owner)) return false;
  if (process.platform === 'linux') return startOf(Number(pid)) !== start;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** The 22nd field of proc_pid_stat(5), of Linux; undefined for no process and for one that has ended and is still listed. */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(') ') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** What pids are relative to. */
function system(): string {
  const parts = process.platform === 'linux' ? linux() : [hostname()];
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16);
}

function linux(): readonly string[] {
  try {
    return [readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(), readlinkSync('/proc/self/ns/pid')];
  } catch {
    return [hostname()];
  }
}
