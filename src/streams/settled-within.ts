/**
 * Waits until the promise is settled, for at most `ms` milliseconds. True when it was settled in time, fulfilled or rejected. Never
 * rejects, and leaves no timer behind.
 */
export async function settledWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  const inTime = await Promise.race([settled, late]);
  clearTimeout(timer);
  return inTime;
}
