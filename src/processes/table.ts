import { closeSync, constants, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { outputOf } from './output-of.js';

/** A running process, as the operating system describes it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parentPid: number;
  /** Process group; 0 where it is not known. */
  readonly groupId: number;
  /** Session; 0 where it is not known. */
  readonly sessionId: number;
  /** Start time in clock ticks since boot; 0 where it is not known. Pid and start time identify a process for good. */
  readonly startTicks: number;
}

/** Entries that are read before other events are handled; one takes about 10 µs. */
const SLICE = 100;

/** More than /proc/<pid>/stat has: 52 numbers and a name. */
const MAX_STAT_BYTES = 2048;

const PS_TIMEOUT_MS = 2_000;
const PS_MAX_BYTES = 8 << 20;

/** All processes but zombies: from /proc on Linux, from `ps` elsewhere; empty on Windows. Never rejects. */
export async function readProcessTable(platform: NodeJS.Platform = process.platform): Promise<ProcessEntry[]> {
  if (platform === 'linux') return readProc();
  return platform === 'win32' ? [] : readPs();
}

/** All processes of Linux but zombies, without handling other events meanwhile: for `exit` handlers. */
export function readProcessTableNow(): ProcessEntry[] {
  return pidsInProc()
    .map((pid) => readProcessEntry(pid))
    .filter((entry) => entry !== undefined);
}

/** A process of Linux; undefined for none and for a zombie. */
export function readProcessEntry(
  pid: number,
  buffer: Buffer = Buffer.allocUnsafe(MAX_STAT_BYTES),
): ProcessEntry | undefined {
  return parseStat(readStat(pid, buffer));
}

/** The environment with which a process of Linux was started; empty when it cannot be read. */
export function readEnvironment(pid: number): string[] {
  return readOr(`/proc/${pid}/environ`).split('\0');
}

/** Parses `pid (name) state ppid …`. The name may contain any character; the start time is the 22nd field (proc_pid_stat(5)). */
export function parseStat(text: string): ProcessEntry | undefined {
  const nameEnd = text.lastIndexOf(') ');
  if (nameEnd < 0) return undefined;
  const fields = text.slice(nameEnd + 2).split(' ', 20);
  const state = fields[0];
  if (state === 'Z' || state === 'X') return undefined;
  return {
    pid: Number.parseInt(text, 10),
    parentPid: Number(fields[1]),
    groupId: Number(fields[2]),
    sessionId: Number(fields[3]),
    startTicks: Number(fields[19]),
  };
}

/** Parses the output of `ps -o pid=,ppid=,stat=`. */
export function parsePs(text: string): ProcessEntry[] {
  return text
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+([^Z\s]\S*)/.exec(line))
    .filter((match) => match !== null)
    .map((match) => ({ pid: Number(match[1]), parentPid: Number(match[2]), groupId: 0, sessionId: 0, startTicks: 0 }));
}

async function readProc(): Promise<ProcessEntry[]> {
  const entries: ProcessEntry[] = [];
  const buffer = Buffer.allocUnsafe(MAX_STAT_BYTES);
  for (const [index, pid] of pidsInProc().entries()) {
    if (index % SLICE === SLICE - 1) await new Promise(setImmediate);
    const entry = readProcessEntry(pid, buffer);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

async function readPs(): Promise<ProcessEntry[]> {
  return parsePs(
    await outputOf('ps', ['-A', '-o', 'pid=,ppid=,stat='], { timeoutMs: PS_TIMEOUT_MS, maxBytes: PS_MAX_BYTES }),
  );
}

function pidsInProc(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** The file in one read: `readFileSync` takes two and asks for the size before, which together is twice the time. */
function readStat(pid: number, buffer: Buffer): string {
  try {
    const descriptor = openSync(`/proc/${pid}/stat`, constants.O_RDONLY);
    try {
      return buffer.toString('latin1', 0, readSync(descriptor, buffer));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return '';
  }
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
