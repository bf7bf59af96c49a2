import { type MonoTypeOperatorFunction, ReplaySubject, Subject, share } from 'rxjs';

/**
 * For states: one subscription to the source for all, and every subscriber gets the latest value first, also after the end.
 * The source stays subscribed when nobody listens, so that no state is missed: it must complete by itself (`takeUntil` before this).
 */
export function shareLatest<T>(): MonoTypeOperatorFunction<T> {
  return share({
    connector: () => new ReplaySubject<T>(1),
    resetOnComplete: false,
    resetOnError: false,
    resetOnRefCountZero: false,
  });
}

/**
 * For events: one subscription to the source for all, nothing is replayed. The last one to leave unsubscribes from the source and
 * the next one subscribes anew; after the source's end everyone gets just the end.
 */
export function shareEvents<T>(): MonoTypeOperatorFunction<T> {
  return share({
    connector: () => new Subject<T>(),
    resetOnComplete: false,
    resetOnError: false,
    resetOnRefCountZero: true,
  });
}
