import { AsyncSubject, type Observable } from 'rxjs';
import { ClosedError, PluginError } from '../errors.js';
import type { Exit } from './runner.js';
import { startAborted } from './start-aborted.js';

/** The exit of a plugin of which nothing is known. */
export const UNKNOWN_EXIT: Exit = Object.freeze({ code: null, signal: null });

/** What a runner does once, wherever it runs the plugin: it starts, it is killed, and it tells an exit, when nothing of the plugin is left. */
export class RunnerLife {
  readonly exit$: Observable<Exit>;
  readonly #name: string;
  readonly #end: (exit: Exit) => Promise<void>;
  readonly #exit = new AsyncSubject<Exit>();
  #launching: Promise<void> | undefined;
  #killing: Promise<void> | undefined;
  #ending: Promise<void> | undefined;

  /** `end` completes the output and gives back what the runner has made for the plugin. It is called once, and must not reject. */
  constructor(name: string, end: (exit: Exit) => Promise<void>) {
    this.#name = name;
    this.#end = end;
    this.exit$ = this.#exit.asObservable();
  }

  get wasKilled(): boolean {
    return this.#killing !== undefined;
  }

  get hasEnded(): boolean {
    return this.#ending !== undefined;
  }

  /** Settles with the start; at once when there was none. Never rejects. */
  async launched(): Promise<void> {
    await this.#launching?.catch(() => {});
  }

  /**
   * Starts the plugin. A launch that fails has an exit. Rejects with ClosedError when it was started or killed before, with the launch's
   * error, or with StartError ERR_START_ABORTED.
   */
  async start(signal: AbortSignal, launch: () => Promise<void>): Promise<void> {
    if (this.#launching !== undefined || this.wasKilled)
      throw new ClosedError('ERR_CLOSED', `The plugin ${this.#name} was started or killed before: a runner runs once.`);
    this.#launching = this.#launch(signal, launch);
    await this.#launching;
  }

  /** Throws ClosedError when it was killed meanwhile: for a launch that has prepared something. */
  throwIfKilled(): void {
    if (this.wasKilled)
      throw new ClosedError('ERR_CLOSED', `The plugin ${this.#name} was killed before it was started.`);
  }

  /** Kills it once, however often it is called. */
  kill(kill: () => Promise<void>): Promise<void> {
    this.#killing ??= kill();
    return this.#killing;
  }

  /** Emits the exit last, when the streams contain all that the plugin wrote. The first exit counts. */
  finish(exit: Exit): Promise<void> {
    this.#ending ??= this.#finish(exit);
    return this.#ending;
  }

  async #launch(signal: AbortSignal, launch: () => Promise<void>): Promise<void> {
    try {
      signal.throwIfAborted();
      await launch();
    } catch (error) {
      await this.finish(UNKNOWN_EXIT);
      // A reason that was found out tells more than that the time is over.
      const isExplained = PluginError.is(error) && error.code === 'ERR_SPAWN';
      throw signal.aborted && !isExplained ? startAborted(signal, this.#name) : error;
    }
  }

  async #finish(exit: Exit): Promise<void> {
    await this.#end(exit);
    this.#exit.next(exit);
    this.#exit.complete();
  }
}
