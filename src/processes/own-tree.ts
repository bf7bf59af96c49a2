import { isMarkOf, markOf } from './mark.js';
import { type ProcessEntry, readProcessEntry, readProcessTableNow } from './table.js';

/** How often the table is read until nothing is left: a process may start another one between the reading and its end. */
const MAX_PASSES = 5;

/**
 * Kills what belongs to this process, but not itself: for the last moment of a plugin whose host was killed and cannot do it. On Linux
 * that is, as far as it applies,
 *
 * - the process group, if this process leads it: otherwise it may be that of a shell or of a CI job;
 * - every process with the mark that the host gave to this plugin, its wrappers included;
 * - its descendants, except those in a session of their own, which were detached on purpose.
 *
 * On other systems with process groups it is the group alone, and this process with it. Synchronous, for `exit` handlers; never throws.
 */
export function killOwnTree({ mark }: { readonly mark: string | undefined }): void {
  if (process.platform === 'linux') killByTable(mark);
  // A group of that number exists only if this process leads it.
  else if (process.platform !== 'win32') kill(-process.pid);
}

function killByTable(mark: string | undefined): void {
  for (let pass = 0; pass < MAX_PASSES; pass += 1) {
    const own = ownTree(readProcessTableNow(), mark);
    if (own.length === 0) return;
    for (const { pid, startTicks } of own) {
      // The pid may have a new owner since the table was read.
      if (readProcessEntry(pid)?.startTicks === startTicks) kill(pid);
    }
  }
}

function ownTree(table: readonly ProcessEntry[], mark: string | undefined): ProcessEntry[] {
  const self = table.find(({ pid }) => pid === process.pid);
  if (self === undefined) return [];
  const descendants = descendantsInSession(self, table);
  const leadsGroup = self.groupId === self.pid;
  return table.filter(
    (entry) =>
      entry.pid !== self.pid &&
      (descendants.has(entry.pid) || (leadsGroup && entry.groupId === self.pid) || carries(mark, entry.pid)),
  );
}

function descendantsInSession(self: ProcessEntry, table: readonly ProcessEntry[]): ReadonlySet<number> {
  const found = new Set([self.pid]);
  // Parents may come after their children in the table.
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const { pid, parentPid, sessionId } of table)
      if (found.has(parentPid) && sessionId === self.sessionId) found.add(pid);
  }
  return found;
}

function carries(mark: string | undefined, pid: number): boolean {
  return mark !== undefined && mark !== '' && isMarkOf(mark, markOf(pid));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {}
}
