import { defer, finalize, isObservable, type Observable } from 'rxjs';
import { isPromiseLike } from '../streams/is-promise-like.js';

/** Counts the calls that owe one answer, so that a plugin which is to end can let them finish, and refuses calls from then on. */
export class CallGate {
  readonly #refusal: () => Error;
  #running = 0;
  #drained: Promise<void> | undefined;
  #onIdle: () => void = () => {};

  /** `refusal` makes the error with which a call that comes too late is answered. */
  constructor(refusal: () => Error) {
    this.#refusal = refusal;
  }

  /** Runs a handler that owes one answer: a value, a Promise or an Observable. Throws the refusal when it comes too late. */
  run<T>(handle: () => T): T {
    this.check();
    const result = handle();
    if (isObservable(result)) return this.#whileSubscribed(result) as T;
    if (!isPromiseLike(result)) return result;
    this.#running += 1;
    const leave = (): void => this.#leave();
    void Promise.resolve(result).then(leave, leave);
    return result;
  }

  /** Throws the refusal when it is too late for a call that is not counted, because it may last for ever. */
  check(): void {
    if (this.#drained !== undefined) throw this.#refusal();
  }

  /** Refuses calls from now on; resolves when none that is counted is running. Idempotent. */
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
      return result$.pipe(finalize(() => this.#leave()));
    });
  }

  #leave(): void {
    this.#running -= 1;
    if (this.#running === 0) this.#onIdle();
  }
}
