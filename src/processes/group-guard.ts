import { spawn } from 'node:child_process';

/** Waits until its stdin ends, which it does with whoever holds the other end, and kills a process group. */
const SCRIPT = 'read -r line; kill -s KILL -- "-$1"';

/**
 * Kills the process group that a process leads when this process ends, also by SIGKILL. It takes a shell; without one nothing is
 * killed. Returns a function that ends the watch, to be called when the process has exited: its id may be given to another one.
 */
export function killGroupWithUs(leaderPid: number): () => void {
  if (process.platform === 'win32') return () => {};
  const args = ['-c', SCRIPT, 'sh', String(leaderPid)];
  // A session of its own: what is killed with this process's group must not include it. Pipes: not every machine lets anybody write to
  // /dev/null, and this process's own outputs may be somebody's connection.
  const guard = spawn('/bin/sh', args, { stdio: 'pipe', detached: true });
  guard.on('error', () => {});
  guard.stdin.on('error', () => {});
  guard.unref();
  for (const pipe of guard.stdio) (pipe as { unref?(): void } | null)?.unref?.();
  return () => void guard.kill('SIGKILL');
}
