import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A cgroup that limits the memory of all processes in it together. */
export interface MemoryGroup {
  /** A process that writes its pid here belongs to it, with all its descendants. */
  readonly procs: string;
  /** Whether the kernel has killed a process because of the limit. Never rejects. */
  wasExceeded(): Promise<boolean>;
  /** Removes it once its processes have ended. Never rejects. */
  remove(): Promise<void>;
}

/** Where cgroups are, and what the files of a version are called. */
interface Version {
  readonly root: string;
  readonly limit: string;
  /** Limits swap: in version 1 memory and swap together. */
  readonly swap: string;
  readonly swapBytes: (memoryBytes: number) => number;
  readonly events: string;
}

const VERSIONS: readonly Version[] = [
  {
    root: '/sys/fs/cgroup',
    limit: 'memory.max',
    swap: 'memory.swap.max',
    swapBytes: () => 0,
    events: 'memory.events',
  },
  {
    root: '/sys/fs/cgroup/memory',
    limit: 'memory.limit_in_bytes',
    swap: 'memory.memsw.limit_in_bytes',
    swapBytes: (memoryBytes) => memoryBytes,
    events: 'memory.oom_control',
  },
];

const PREFIX = 'rxplug-sandbox-';
const NAME = new RegExp(`^${PREFIX}(\\d+)-[0-9a-f]{16}$`);

/** A group is entered right after it was made; one that is older and empty has nobody left. */
const ABANDONED_AFTER_MS = 60_000;

const REMOVE_ATTEMPTS = 50;
const REMOVE_POLL_MS = 20;

/** Makes a group; undefined where this user may not, or where the kernel limits no memory. Removes groups that killed hosts have left. */
export async function createMemoryGroup(
  memoryBytes: number,
  versions: readonly Version[] = VERSIONS,
): Promise<MemoryGroup | undefined> {
  for (const version of versions) {
    const path = join(version.root, `${PREFIX}${process.pid}-${randomBytes(8).toString('hex')}`);
    try {
      await mkdir(path);
    } catch {
      continue;
    }
    await sweep(version.root);
    if (await setLimit(path, version, memoryBytes)) return groupAt(path, version);
    await rmdir(path).catch(() => {});
  }
  return undefined;
}

/** False where the folder is no cgroup with a limit on memory. */
async function setLimit(path: string, { limit, swap, swapBytes }: Version, memoryBytes: number): Promise<boolean> {
  if (!existsSync(join(path, limit))) return false;
  try {
    await writeFile(join(path, limit), String(memoryBytes), { flag: 'r+' });
  } catch {
    return false;
  }
  // A kernel that does not count swap has no such file.
  await writeFile(join(path, swap), String(swapBytes(memoryBytes)), { flag: 'r+' }).catch(() => {});
  return true;
}

function groupAt(path: string, { events }: Version): MemoryGroup {
  return {
    procs: join(path, 'cgroup.procs'),
    wasExceeded: async () => {
      const text = await readFile(join(path, events), 'utf8').catch(() => '');
      return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0) > 0;
    },
    remove: () => removeWhenEmpty(path),
  };
}

/** The last processes leave a group a moment after they have ended. */
async function removeWhenEmpty(path: string): Promise<void> {
  for (let attempt = 0; attempt < REMOVE_ATTEMPTS; attempt++) {
    const removed = await rmdir(path).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code !== 'EBUSY',
    );
    if (removed) return;
    await new Promise((resolve) => setTimeout(resolve, REMOVE_POLL_MS));
  }
}

/** Removes the empty groups of hosts that are gone. A group with processes cannot be removed. */
async function sweep(root: string): Promise<void> {
  const names = await readdir(root).catch((): string[] => []);
  for (const name of names) {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    const made = await stat(join(root, name)).catch(() => undefined);
    if (made !== undefined && Date.now() - made.mtimeMs > ABANDONED_AFTER_MS)
      await rmdir(join(root, name)).catch(() => {});
  }
}
