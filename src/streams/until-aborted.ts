import { onAbort } from './on-abort.js';

/**
 * The promise's outcome, or a rejection as soon as the signal is aborted: with its reason, or with what `reason` returns. The work goes
 * on after an abort; ending it is for the caller.
 */
export function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  reason: (signal: AbortSignal) => unknown = reasonOf,
): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(reason(signal) as Error);
    const forget = onAbort(signal, abort);
    if (signal.aborted) abort();
    work.then(resolve, reject).finally(forget);
  });
}

function reasonOf(signal: AbortSignal): unknown {
  return signal.reason;
}
