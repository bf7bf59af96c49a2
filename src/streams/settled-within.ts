import { setLoopTimeout } from './loop-timeout.js';

/**
 * Waits until the promise is settled, for at most `ms` milliseconds of a running event loop (`setLoopTimeout`). True when it was settled
 * in time, fulfilled or rejected. Never rejects, and leaves no timer behind.
 */
export async function settledWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let cancelTimeout = (): void => {};
  const late = new Promise<false>((resolve) => {
    cancelTimeout = setLoopTimeout(() => resolve(false), ms);
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  const inTime = await Promise.race([settled, late]);
  cancelTimeout();
  return inTime;
}
