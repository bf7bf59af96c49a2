import { setTimeout as delay } from 'node:timers/promises';
import { StoreError } from '../../errors.js';
import { retryWaitMs } from './failure.js';

const MAX_WAIT_MS = 30_000;

/** How often, and how far apart. */
export interface RetryOptions {
  readonly attempts: number;
  readonly retryMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Does work again that fails for a reason that may pass; the waits grow as those of `backoff` of rxplug. */
export async function retried<T>(work: () => Promise<T>, { attempts, retryMs, signal }: RetryOptions): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      const askedMs = retryWaitMs(error);
      if (askedMs === undefined) throw error;
      if (count >= attempts) throw count === 1 ? error : exhausted(error as StoreError, count);
      await waitBefore(count, retryMs, askedMs, signal);
    }
  }
}

/** Waits before the attempt after this one: at least as long as the server asks for. Rejects with the signal's reason. */
export async function waitBefore(count: number, retryMs: number, askedMs: number, signal?: AbortSignal): Promise<void> {
  const waitMs = Math.min(MAX_WAIT_MS, retryMs * 2 ** (count - 1)) * (1 - Math.random() / 2);
  try {
    await delay(Math.max(waitMs, askedMs), undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

function exhausted(error: StoreError, attempts: number): StoreError {
  return new StoreError(error.code, `${error.message} It was tried ${attempts} times.`, { cause: error.cause });
}
