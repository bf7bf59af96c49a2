import { existsSync } from 'node:fs';
import { isMarkOf } from './mark.js';
import { outputOf } from './output-of.js';
import { type ProcessSnapshot, takeSnapshot } from './snapshot.js';
import { type ProcessEntry, readProcessEntry } from './table.js';

/** How long surviving descendants are searched for, and the pause between two searches, in milliseconds. */
const LEFTOVERS_TIMEOUT_MS = 1_000;
const LEFTOVERS_PAUSE_MS = 4;

const TASKKILL_TIMEOUT_MS = 5_000;

/** A plugin's process and its descendants. */
export interface ProcessTree {
  readonly pid: number;
  /** The process leads a process group of its own, which is killed with it. */
  readonly ownGroup: boolean;
  /** Value of TREE_VARIABLE (`mark.ts`). */
  readonly mark: string;
  /** Start time of the process; 0 where it is not known. Descendants start later. */
  readonly startTicks: number;
}

/** The tree of a process that was just started. */
export function treeOf(pid: number, mark: string, ownGroup: boolean): ProcessTree {
  const startTicks = process.platform === 'linux' ? (readProcessEntry(pid)?.startTicks ?? 0) : 0;
  return { pid, mark, ownGroup, startTicks };
}

/** Kills a running process and its descendants. Resolves when the signals are sent; never rejects. */
export async function killTree(tree: ProcessTree): Promise<void> {
  if (process.platform === 'win32') {
    await taskkill(tree.pid);
    return;
  }
  const descendants = descendantsOf(tree.pid, (await takeSnapshot()).entries);
  killRoot(tree);
  killEntries(descendants);
}

/** Kills the process, with its process group if it leads one. */
export function killRoot(tree: ProcessTree): void {
  if (hasNewOwner(tree)) return;
  if (tree.ownGroup) send(-tree.pid);
  send(tree.pid);
}

/**
 * Kills the rest of a process group whose leader was just reaped. To be called in the same turn: where start times are not known, nothing
 * else ensures that the pid was not reused.
 */
export function killGroup(tree: ProcessTree): void {
  if (tree.ownGroup && !hasNewOwner(tree)) send(-tree.pid);
}

/**
 * On Linux kills the descendants that have left the process group and lost their parents, and waits until none is left. On other systems
 * they cannot be found. Never rejects.
 */
export async function killLeftovers(tree: ProcessTree): Promise<void> {
  if (process.platform !== 'linux') return;
  const deadline = performance.now() + LEFTOVERS_TIMEOUT_MS;
  // By start time too: an exiting process loses its environment, and with it the variable, before it disappears.
  const killed = new Map<number, number>();
  while (performance.now() < deadline) {
    const snapshot = await takeSnapshot();
    const isLeft = (entry: ProcessEntry): boolean =>
      killed.get(entry.pid) === entry.startTicks || belongsTo(entry, tree, snapshot);
    const left = snapshot.entries.filter(isLeft);
    if (left.length === 0) return;
    for (const { pid, startTicks } of left) killed.set(pid, startTicks);
    killEntries(left);
    await new Promise((resolve) => setTimeout(resolve, LEFTOVERS_PAUSE_MS));
  }
}

/** Kills processes of a table, but not those whose pid has a new owner: the table was read in slices, and is some turns old. */
export function killEntries(entries: readonly ProcessEntry[]): void {
  for (const entry of entries) if (!hasNewOwner(entry)) send(entry.pid);
}

/** All descendants of a process. */
export function descendantsOf(pid: number, table: readonly ProcessEntry[]): ProcessEntry[] {
  const children = new Map<number, ProcessEntry[]>();
  for (const entry of table) {
    const siblings = children.get(entry.parentPid);
    if (siblings === undefined) children.set(entry.parentPid, [entry]);
    else siblings.push(entry);
  }
  const found: ProcessEntry[] = [];
  const seen = new Set([pid]);
  for (const parent of seen) {
    for (const child of children.get(parent) ?? []) {
      if (seen.has(child.pid)) continue;
      seen.add(child.pid);
      found.push(child);
    }
  }
  return found;
}

function hasNewOwner({ pid, startTicks }: Pick<ProcessEntry, 'pid' | 'startTicks'>): boolean {
  // Looked for first: it mostly has none any more, and an error takes ten times as long.
  if (startTicks === 0 || !existsSync(`/proc/${pid}`)) return false;
  const entry = readProcessEntry(pid);
  return entry !== undefined && entry.startTicks !== startTicks;
}

function belongsTo(entry: ProcessEntry, tree: ProcessTree, snapshot: ProcessSnapshot): boolean {
  if (entry.startTicks < tree.startTicks || entry.pid === process.pid) return false;
  if (tree.ownGroup && entry.groupId === tree.pid) return true;
  return isMarkOf(tree.mark, snapshot.markOf(entry.pid));
}

/** Ignores ESRCH, of a process that has exited, and EPERM, after which waiting for the exit fails. */
function send(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {}
}

async function taskkill(pid: number): Promise<void> {
  await outputOf('taskkill', ['/PID', String(pid), '/T', '/F'], { timeoutMs: TASKKILL_TIMEOUT_MS });
  send(pid);
}
