import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { type ProcessEntry, readEnvironment, readProcessEntry, readProcessTable } from './table.js';

/**
 * Linux: every process that descends from a plugin carries this variable, wherever it moved to. A program that is meant to outlive
 * the plugin is started in a session of its own and without it.
 */
export const TREE_VARIABLE = 'RXPLUG_PROCESS_TREE';

/** How long leftovers are looked for until none is found, in milliseconds; the pause between two looks. */
const LEFTOVERS_TIMEOUT_MS = 1_000;
const LEFTOVERS_PAUSE_MS = 4;

const TASKKILL_TIMEOUT_MS = 5_000;

/** A plugin's process with all that descends from it. */
export interface ProcessTree {
  readonly pid: number;
  /** The process leads a process group, which is then killed as one. */
  readonly ownGroup: boolean;
  /** Value of TREE_VARIABLE. */
  readonly mark: string;
  /** Start time of the process: descendants are not older. */
  readonly startTicks: number;
}

/**
 * A mark for one more plugin. A host that is a plugin itself prefixes its own, so that the outer host finds all of them.
 */
export function createMark(inherited: string | undefined): string {
  const own = randomBytes(8).toString('hex');
  return inherited === undefined || inherited === '' ? own : `${inherited}/${own}`;
}

/** The tree of a process that was just started. */
export function treeOf(pid: number, mark: string, ownGroup: boolean): ProcessTree {
  const startTicks = process.platform === 'linux' ? (readProcessEntry(pid)?.startTicks ?? 0) : 0;
  return { pid, mark, ownGroup, startTicks };
}

/** Kills a running process and all that descends from it now. Resolves when the signals are sent; never rejects. */
export async function killTree(tree: ProcessTree): Promise<void> {
  if (process.platform === 'win32') {
    await taskkill(tree.pid);
    return;
  }
  const descendants = descendantsOf(tree.pid, await readProcessTable());
  killRoot(tree);
  for (const pid of descendants) send(pid);
}

/** Kills the process, and its group if it has its own. */
export function killRoot(tree: ProcessTree): void {
  if (hasNewOwner(tree)) return;
  if (tree.ownGroup) send(-tree.pid);
  send(tree.pid);
}

/**
 * The process was just reaped: kills what is left of its own group. At once, for where start times are not known nothing else says
 * that the number has no new owner yet.
 */
export function killGroup(tree: ProcessTree): void {
  if (tree.ownGroup && !hasNewOwner(tree)) send(-tree.pid);
}

/**
 * Linux: kills the descendants that moved out of the group and lost their parents, and waits until none is left. Elsewhere they
 * cannot be found. Never rejects.
 */
export async function killLeftovers(tree: ProcessTree): Promise<void> {
  if (process.platform !== 'linux') return;
  const deadline = performance.now() + LEFTOVERS_TIMEOUT_MS;
  // By start time as well: a process that is being torn down has lost its environment, and with it the mark, before it is gone.
  const condemned = new Map<number, number>();
  while (performance.now() < deadline) {
    const table = await readProcessTable();
    const left = table.filter((entry) => condemned.get(entry.pid) === entry.startTicks || belongsTo(entry, tree));
    if (left.length === 0) return;
    for (const { pid, startTicks } of left) {
      condemned.set(pid, startTicks);
      send(pid);
    }
    await new Promise((resolve) => setTimeout(resolve, LEFTOVERS_PAUSE_MS));
  }
}

/** Pids of all that descends from a process, not the process itself. */
export function descendantsOf(pid: number, table: readonly ProcessEntry[]): number[] {
  const children = new Map<number, ProcessEntry[]>();
  for (const entry of table) {
    const siblings = children.get(entry.parentPid);
    if (siblings === undefined) children.set(entry.parentPid, [entry]);
    else siblings.push(entry);
  }
  const found: number[] = [];
  const seen = new Set([pid]);
  for (const parent of seen) {
    for (const child of children.get(parent) ?? []) {
      if (seen.has(child.pid)) continue;
      seen.add(child.pid);
      found.push(child.pid);
    }
  }
  return found;
}

function hasNewOwner(tree: ProcessTree): boolean {
  if (tree.startTicks === 0) return false;
  const entry = readProcessEntry(tree.pid);
  return entry !== undefined && entry.startTicks !== tree.startTicks;
}

function belongsTo(entry: ProcessEntry, tree: ProcessTree): boolean {
  if (entry.startTicks < tree.startTicks || entry.pid === process.pid) return false;
  if (tree.ownGroup && entry.groupId === tree.pid) return true;
  const own = `${TREE_VARIABLE}=${tree.mark}`;
  return readEnvironment(entry.pid).some((variable) => variable === own || variable.startsWith(`${own}/`));
}

/** ESRCH: gone already. EPERM: not ours to kill, which the waiting for the exit will tell. */
function send(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {}
}

function taskkill(pid: number): Promise<void> {
  return new Promise((resolve) => {
    execFile('taskkill', ['/PID', String(pid), '/T', '/F'], { timeout: TASKKILL_TIMEOUT_MS, windowsHide: true }, () => {
      send(pid);
      resolve();
    });
  });
}
