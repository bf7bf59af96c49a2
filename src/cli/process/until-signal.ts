import { Observable } from 'rxjs';

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * The same values, until a signal comes: then it is unsubscribed from, and once nothing is left to be done the process ends by the
 * signal. A second one ends it at once.
 */
export function untilSignal<T>(source$: Observable<T>): Observable<T> {
  return new Observable((subscriber) => {
    const onSignal = (signal: NodeJS.Signals): void => {
      stopListening();
      process.once('beforeExit', () => process.kill(process.pid, signal));
      subscription.unsubscribe();
    };
    const stopListening = (): void => {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    };
    for (const signal of SIGNALS) process.on(signal, onSignal);
    const subscription = source$.subscribe(subscriber);
    return () => {
      stopListening();
      subscription.unsubscribe();
    };
  });
}
