import { Observable, take } from 'rxjs';
import { endBy, signal$ } from './signals.js';

/**
 * The same values, until a signal comes: then it is unsubscribed from, and once nothing is left to be done the process ends by the
 * signal. A second one ends it at once.
 */
export function untilSignal<T>(source$: Observable<T>): Observable<T> {
  return new Observable((subscriber) => {
    const listening = signal$.pipe(take(1)).subscribe((signal) => {
      process.once('beforeExit', () => endBy(signal));
      subscription.unsubscribe();
    });
    const subscription = source$.subscribe(subscriber);
    return () => {
      listening.unsubscribe();
      subscription.unsubscribe();
    };
  });
}
