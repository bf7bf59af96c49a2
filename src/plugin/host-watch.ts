const POLL_MS = 1000;

/** Read when the program is loaded: its host may be gone by the time it serves. */
const hostPid = process.ppid;

/**
 * Calls back once when the process that started this one is gone, killed ones included. Polls every second and never keeps the
 * process alive. Returns a function that ends the watch.
 */
export function watchHost(onGone: () => void): () => void {
  const timer = setInterval(() => {
    if (!isHostGone()) return;
    clearInterval(timer);
    onGone();
  }, POLL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** An orphan is adopted by another process on POSIX, so its parent's pid changes; on Windows the pid stays and answers no more. */
function isHostGone(): boolean {
  return process.ppid !== hostPid || (process.platform === 'win32' && !isAlive(hostPid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
