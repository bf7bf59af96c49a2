import { StartError } from '../errors.js';

/**
 * The outcome of a start, or StartError ERR_START_ABORTED as soon as the signal is aborted. What was begun goes on; it is for the
 * caller to end it.
 */
export function untilAborted<T>(work: T | Promise<T>, signal: AbortSignal, name: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(startAborted(signal, name));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    Promise.resolve(work)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** The error of a start that was given up. */
export function startAborted(signal: AbortSignal, name: string): StartError {
  return new StartError('ERR_START_ABORTED', `The start of the plugin ${name} was given up.`, { cause: signal.reason });
}
