import { fromEventPattern, type Observable, switchMap, throwError } from 'rxjs';
import { onAbort } from './on-abort.js';

/** Errors with the signal's reason when it is aborted, at once when it already is; emits nothing. For `takeUntil`. */
export function aborted(signal: AbortSignal): Observable<never> {
  const failing$ = throwError(() => signal.reason as unknown);
  if (signal.aborted) return failing$;
  const abort$ = fromEventPattern<void>(
    (next) => onAbort(signal, next),
    (_, unsubscribe: () => void) => unsubscribe(),
  );
  return abort$.pipe(switchMap(() => failing$));
}
