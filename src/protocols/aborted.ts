import { fromEvent, type Observable, switchMap, throwError } from 'rxjs';

/** Errors with the signal's reason once it is aborted, at once when it was; emits nothing else. For `takeUntil`. */
export function aborted(signal: AbortSignal): Observable<never> {
  const failing = (): Observable<never> => throwError(() => signal.reason as unknown);
  return signal.aborted ? failing() : fromEvent(signal, 'abort').pipe(switchMap(failing));
}
