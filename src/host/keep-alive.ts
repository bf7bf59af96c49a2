import { firstValueFrom, type Observable } from 'rxjs';
import type { AttachedRunner } from '../runners/runner.js';
import type { Exit } from '../streams/lifecycle.js';

const UNKNOWN_EXIT: Exit = { code: null, signal: null };

/** Whether a running plugin keeps the host's process alive: while somebody has asked for it, or waits for the exit. */
export class KeepAlive {
  #isWanted = false;
  #waiting = 0;

  want(isWanted: boolean): void {
    this.#isWanted = isWanted;
  }

  /** Applies it to the runner of a running plugin. */
  apply(runner: AttachedRunner | undefined): void {
    if (this.#isWanted || this.#waiting > 0) runner?.ref?.();
    else runner?.unref?.();
  }

  /** How the process ended. The first runner is that of a plugin that has been started already. */
  async exitOf(exit$: Observable<Exit>, runner: AttachedRunner | undefined): Promise<Exit> {
    this.#waiting += 1;
    runner?.ref?.();
    try {
      return await firstValueFrom(exit$, { defaultValue: UNKNOWN_EXIT });
    } finally {
      this.#waiting -= 1;
    }
  }
}
