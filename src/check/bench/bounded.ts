import { setLoopTimeout } from '../../streams/loop-timeout.js';

/** The promise, or an Error `no WHAT within N ms`. Leaves no timer behind. */
export async function bounded<T>(ms: number, what: string, promise: PromiseLike<T>): Promise<T> {
  let cancel = (): void => {};
  const late = new Promise<never>((_, reject) => {
    cancel = setLoopTimeout(() => reject(new Error(`no ${what} within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    cancel();
  }
}

/** Asks until the answer is true; false when it is not within `ms`. */
export async function eventually(ms: number, ask: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + ms;
  while (!(await ask())) {
    if (performance.now() > deadline) return false;
    await pause(POLL_MS);
  }
  return true;
}

const POLL_MS = 25;

/** A time in which something is not to happen. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
