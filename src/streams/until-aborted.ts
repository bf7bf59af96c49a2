import { onAbort } from './on-abort.js';

/**
 * Settles like the promise, or rejects as soon as the signal is aborted: with the signal's reason, or with what `reason` returns. The
 * work itself is not ended by the abort; that is for the caller.
 */
export function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  reason: (signal: AbortSignal) => unknown = reasonOf,
): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(reason(signal) as Error);
    const unregister = onAbort(signal, abort);
    if (signal.aborted) abort();
    work.then(resolve, reject).finally(unregister);
  });
}

function reasonOf(signal: AbortSignal): unknown {
  return signal.reason;
}
