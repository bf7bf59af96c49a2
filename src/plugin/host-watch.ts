import { inheritSocketDir } from '../transports/socket-dir.js';
import { ENV } from '../wire/environment.js';

const POLL_MS = 1000;

/**
 * Calls back once when the process that started this one is gone, killed ones included. Polls every second and never keeps the
 * process alive. Returns a function that ends the watch. A private directory for sockets that a killed host has left goes with this
 * process.
 *
 * An orphan is adopted by another process on POSIX, so its parent's pid changes; on Windows the pid stays and answers no more.
 */
export function watchHost(onGone: () => void): () => void {
  const host = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === host && isAlive(host)) return;
    clearInterval(timer);
    const socketDir = process.env[ENV.unixSocketDir];
    if (socketDir !== undefined) inheritSocketDir(socketDir);
    onGone();
  }, POLL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function isAlive(pid: number): boolean {
  if (process.platform !== 'win32') return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
