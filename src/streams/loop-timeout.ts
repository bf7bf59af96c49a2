import { Observable } from 'rxjs';
import { clearImmediate, setImmediate } from './turns.js';

/** A timeout is divided into this many timers, each of which counts as its own length at most. */
const SLICES = 8;

export interface LoopTimeoutOptions {
  /** Whether it keeps the process alive. @default true */
  readonly ref?: boolean;
}

/**
 * Calls back after `ms` milliseconds in which the event loop was running, and after one more phase of I/O. Returns a function that
 * cancels it. For timeouts that end or kill something: when the loop was blocked, or the process was stopped, Node runs the timers
 * that became due before it reads what has arrived meanwhile, and a plain timeout ends what is ready. Time in which the loop was
 * blocked counts as at most an eighth of `ms`.
 */
export function setLoopTimeout(callback: () => void, ms: number, options: LoopTimeoutOptions = {}): () => void {
  const { ref = true } = options;
  let timer: NodeJS.Timeout;
  // Never unref'd: it lasts for one turn, and a loop that has nothing but an unref'd one sleeps until something else wakes it.
  let immediate: NodeJS.Immediate | undefined;
  const next = (leftMs: number, slicesLeft: number): void => {
    const sliceMs = Math.ceil(leftMs / slicesLeft);
    timer = setTimeout(() => {
      if (slicesLeft > 1) next(leftMs - sliceMs, slicesLeft - 1);
      else immediate = setImmediate(callback);
    }, sliceMs);
    if (!ref) timer.unref();
  };
  next(ms, Math.max(1, Math.min(SLICES, Math.ceil(ms))));
  return () => {
    clearTimeout(timer);
    clearImmediate(immediate);
  };
}

/** `setLoopTimeout` as an Observable. Cold: emits and completes when the time is up; unsubscribing cancels. */
export function loopTimer(ms: number, options: LoopTimeoutOptions = {}): Observable<void> {
  return new Observable((subscriber) =>
    setLoopTimeout(
      () => {
        subscriber.next();
        subscriber.complete();
      },
      ms,
      options,
    ),
  );
}
