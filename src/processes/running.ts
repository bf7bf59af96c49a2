import type { ProcessIdentity } from './identity.js';
import type { ProcessSystem } from './system.js';
import { readProcessEntry } from './table.js';
import type { ProcessDescription } from './this-process.js';

/**
 * Whether a process has exited for certain: its pid has no process, a zombie, or on Linux one with another start time. False where that
 * cannot be known, as for another user's process that the system hides. Cheap enough to be polled.
 */
export function hasExited({ pid, startTime }: ProcessIdentity, platform: NodeJS.Platform = process.platform): boolean {
  const entry = platform === 'linux' ? readProcessEntry(pid) : undefined;
  if (entry !== undefined) return startTime !== undefined && startTime !== String(entry.startTicks);
  try {
    process.kill(pid, 0);
    // A process of our own without an entry in /proc is a zombie.
    return platform === 'linux';
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'EPERM');
  }
}

/** Whether a process has exited for certain, if it is one of the system `here`; false of another one, and where the system is not known. */
export function isKnownToHaveExited(
  described: ProcessDescription,
  { bootId, pidNamespace }: ProcessSystem,
  platform: NodeJS.Platform = process.platform,
): boolean {
  if (described.bootId !== bootId || described.pidNamespace !== pidNamespace) return false;
  const isIdentified = bootId !== undefined && pidNamespace !== undefined && described.startTime !== undefined;
  return (platform !== 'linux' || isIdentified) && hasExited(described, platform);
}
