import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const POLL_MS = 250;

/** An end of a pipe that some process reads. */
interface Reader {
  readonly link: string;
  readonly info: string;
}

/**
 * Calls `onGone` once when nobody reads a pipe of this process any more. A write tells that too, by EPIPE, but a command may have nothing to
 * write for hours, and the system tells nobody who does not write. So that on Linux the list of open files is looked at; elsewhere, and where
 * the reader belongs to somebody else, only a write tells. Does not keep the process alive.
 */
export function whenUnread(fd: number, onGone: () => void): void {
  if (process.platform !== 'linux') return;
  const pipe = target(`/proc/self/fd/${fd}`);
  if (pipe?.startsWith('pipe:') !== true) return;
  let readers: readonly Reader[] | undefined;
  const timer = setInterval(() => {
    if (readers?.some((reader) => reads(reader, pipe))) return;
    const isFirst = readers === undefined;
    readers = readersOf(pipe);
    if (readers.length > 0) return;
    clearInterval(timer);
    if (!isFirst) onGone();
  }, POLL_MS);
  timer.unref();
}

function readersOf(pipe: string): readonly Reader[] {
  const pids = namesIn('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) =>
    namesIn(`/proc/${pid}/fd`)
      .map((fd): Reader => ({ link: `/proc/${pid}/fd/${fd}`, info: `/proc/${pid}/fdinfo/${fd}` }))
      .filter((reader) => reads(reader, pipe)),
  );
}

/** The flags are octal; the last two bits say whether it was opened for writing only. */
function reads({ link, info }: Reader, pipe: string): boolean {
  if (target(link) !== pipe) return false;
  try {
    const [, flags = '1'] = /^flags:\s*([0-7]+)/m.exec(readFileSync(info, 'latin1')) ?? [];
    return (Number.parseInt(flags, 8) & 3) !== 1;
  } catch {
    return false;
  }
}

/** Undefined for what is gone, or belongs to somebody else. */
function target(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
