import { fromEventPattern, type Observable, switchMap, throwError } from 'rxjs';
import { onAbort } from './on-abort.js';

/** Errors with the signal's reason once it is aborted, at once when it was; emits nothing else. For `takeUntil`. */
export function aborted(signal: AbortSignal): Observable<never> {
  const failing$ = throwError(() => signal.reason as unknown);
  if (signal.aborted) return failing$;
  const abort$ = fromEventPattern<void>(
    (tell) => onAbort(signal, tell),
    (_, unwatch: () => void) => unwatch(),
  );
  return abort$.pipe(switchMap(() => failing$));
}
