import { readdirSync, readFileSync } from 'node:fs';

/** The pids of all processes with a variable and its value in their environment, of other users and in other namespaces too (Linux). */
export function processesWith(name: string, value: string): number[] {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids.filter((pid) => read(pid, 'environ').includes(`\0${name}=${value}\0`)).map(Number);
}

/** The parent of a process. */
export function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}

function read(pid: string, file: string): string {
  try {
    return `\0${readFileSync(`/proc/${pid}/${file}`, 'latin1')}`;
  } catch {
    return '';
  }
}
