import type { Logger } from '../wire/logger.js';

export interface ShutdownOptions {
  /** Longest time that all hooks together are waited for. */
  readonly deadlineMs: number;
  readonly logger: Logger;
}

type Hook = () => void | Promise<void>;

/** What must happen before a plugin ends. Runs once, however often and by whomever it is asked for. */
export class Shutdown {
  readonly #hooks: readonly Hook[];
  readonly #options: ShutdownOptions;
  #running: Promise<void> | undefined;

  /** Hooks run one after the other in the given order; one that fails is logged and does not stop the next. */
  constructor(hooks: readonly Hook[], options: ShutdownOptions) {
    this.#hooks = hooks;
    this.#options = options;
  }

  /** Resolves when all hooks are done or the deadline has passed. Never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#runWithinDeadline();
    return this.#running;
  }

  async #runWithinDeadline(): Promise<void> {
    const { deadlineMs, logger } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        logger.warn('shutdown hooks did not finish in time', { deadlineMs });
        resolve();
      }, deadlineMs);
    });
    await Promise.race([this.#runHooks(), late]);
    clearTimeout(timer);
  }

  async #runHooks(): Promise<void> {
    for (const hook of this.#hooks) {
      try {
        await hook();
      } catch (error) {
        this.#options.logger.error('a shutdown hook failed', { error });
      }
    }
  }
}
