import { defer, EMPTY, exhaustMap, type Observable, of, repeat, take, tap } from 'rxjs';
import type { PoolSize } from './calls/router.js';

/** A wait, cold: emits once. Tests have virtual time in it. */
export type Wait = (ms: number) => Observable<unknown>;

/** Emits once nobody has used something for `idleMs`, or a quarter longer. Cold. `uses` grows with each use; `busy` while it is in use. */
export function whenUnused(
  { uses, busy }: { readonly uses: () => number; readonly busy: () => boolean },
  idleMs: number,
  wait: Wait,
): Observable<void> {
  return defer(() => {
    let seen = uses();
    let quiet = 0;
    const tick$ = defer(() => wait(idleMs / QUARTERS)).pipe(
      repeat(),
      tap(() => {
        const isQuiet = !busy() && uses() === seen;
        quiet = isQuiet ? quiet + 1 : 0;
        seen = uses();
      }),
    );
    return tick$.pipe(exhaustMap(() => (quiet === QUARTERS ? of(undefined) : EMPTY)));
  });
}

/** Emits whenever one member less has done for long enough. Cold. */
export function whenTooMany(
  members: () => readonly { readonly openCalls: number }[],
  { min, scaleUpAtCalls, scaleDownAfterMs }: Required<PoolSize>,
  wait: Wait,
): Observable<void> {
  const busy = (): boolean => {
    const serving = members();
    const open = serving.reduce((sum, { openCalls }) => sum + openCalls, 0);
    return serving.length <= min || open > ((serving.length - 1) * scaleUpAtCalls) / 2;
  };
  return whenUnused({ uses: () => 0, busy }, scaleDownAfterMs, wait).pipe(take(1), repeat());
}

const QUARTERS = 4;
