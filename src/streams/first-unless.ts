import { ignoreElements, interval, merge, mergeMap, type Observable, take, throwError } from 'rxjs';

/**
 * The first value, unless an error comes before: then it errors with that. Cold; a timer keeps the process alive for as long as somebody
 * waits.
 */
export function firstUnless<T>(value$: Observable<T>, error$: Observable<Error>): Observable<T> {
  const failure$ = error$.pipe(mergeMap((error) => throwError(() => error)));
  return merge(failure$, value$, interval(HOLD_MS).pipe(ignoreElements())).pipe(take(1));
}

const HOLD_MS = 1 << 30;
