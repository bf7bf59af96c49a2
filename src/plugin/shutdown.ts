import { settledWithin } from '../streams/settled-within.js';
import type { Logger } from '../wire/logs/logger.js';

export interface RunHooksOptions {
  /** Longest time for all hooks together. */
  readonly deadlineMs: number;
  readonly logger: Logger;
}

type Hook = () => void | Promise<void>;

/**
 * Runs the shutdown hooks one after the other in the given order; a failing hook is logged and does not stop the next. Resolves when
 * all are done or the deadline has passed. Never rejects.
 */
export async function runHooks(hooks: readonly Hook[], { deadlineMs, logger }: RunHooksOptions): Promise<void> {
  if (await settledWithin(deadlineMs, runInOrder(hooks, logger))) return;
  logger.warn('shutdown hooks did not finish in time', { deadlineMs });
}

async function runInOrder(hooks: readonly Hook[], logger: Logger): Promise<void> {
  for (const hook of hooks) {
    try {
      await hook();
    } catch (error) {
      logger.error('a shutdown hook failed', { error });
    }
  }
}
