import { defer, finalize, isObservable, type Observable } from 'rxjs';
import { isPromiseLike } from '../streams/is-promise-like.js';

/** A call whose answer may be on its way when its handler has finished. */
export interface AnsweredCall {
  /** Called once, when the end of the call was handed to the connection, or the caller is gone. */
  whenOver: (() => void) | undefined;
}

/**
 * Counts the running calls of a plugin's services, so that a graceful stop can wait for them, and refuses calls once the stop has
 * begun. Only calls with one response are counted: a stream may last for ever.
 */
export class RunningCalls {
  readonly #refusal: () => Error;
  #running = 0;
  #drained: Promise<void> | undefined;
  #onIdle: () => void = () => {};
  readonly #onCallEnd = (): void => {
    this.#running -= 1;
    if (this.#running === 0) this.#onIdle();
  };

  /** `refusal` makes the error that a call fails with after `drain`. */
  constructor(refusal: () => Error) {
    this.#refusal = refusal;
  }

  /**
   * Runs a handler with one response: a value, a Promise or an Observable. With `call` it is counted until its answer was handed to the
   * connection too. Throws the refusal after `drain`.
   */
  run<T>(handle: () => T, call?: AnsweredCall): T {
    this.throwIfDraining();
    if (call !== undefined) {
      this.#running += 1;
      call.whenOver = this.#onCallEnd;
    }
    const result = handle();
    if (isObservable(result)) return this.#whileSubscribed(result) as T;
    if (!isPromiseLike(result)) return result;
    // Counted besides its answer: the call of a caller that is gone is over, while its handler still runs.
    this.#running += 1;
    void Promise.resolve(result).then(this.#onCallEnd, this.#onCallEnd);
    return result;
  }

  /** For calls that are not counted. Throws the refusal after `drain`. */
  throwIfDraining(): void {
    if (this.#drained !== undefined) throw this.#refusal();
  }

  /** Refuses calls from now on; resolves when no counted call is running. Idempotent. */
  drain(): Promise<void> {
    this.#drained ??= new Promise((resolve) => {
      if (this.#running === 0) resolve();
      else this.#onIdle = resolve;
    });
    return this.#drained;
  }

  #whileSubscribed(result$: Observable<unknown>): Observable<unknown> {
    return defer(() => {
      this.#running += 1;
      return result$.pipe(finalize(this.#onCallEnd));
    });
  }
}
