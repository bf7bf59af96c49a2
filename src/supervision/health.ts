import {
  catchError,
  defer,
  EMPTY,
  exhaustMap,
  map,
  merge,
  type Observable,
  of,
  repeat,
  retry,
  scan,
  switchMap,
} from 'rxjs';
import type { HealthOptions } from './options.js';
import type { MemberHealth } from './state.js';
import type { Wait } from './unused.js';

/** What a plugin says of itself. */
export type Answer = 'serving' | 'not-serving';

/** What is watched. */
export interface HealthSubject {
  /** How often something has arrived from the plugin: a number that grows. */
  readonly answers: () => number;
  /** Asks. Rejects when there is no answer within the timeout. */
  readonly check: () => Promise<Answer>;
  /** What the plugin says unasked; completes where it cannot. Errors when the connection is lost. */
  readonly told$: Observable<Answer>;
}

/** `dead`: it is to be killed and started again. */
export type HealthReport = MemberHealth | { readonly status: 'dead'; readonly cause: 'unresponsive' | 'not-serving' };

/** How long NOT_SERVING is put up with when calls are held. */
export const NOT_SERVING_LIMIT_MS = 60_000;

/**
 * The health of a running plugin, when it changes. Cold; asks only while nothing else arrives, and announces the first check that fails.
 */
export function watchHealth(
  subject: HealthSubject,
  options: Required<HealthOptions>,
  wait: Wait,
): Observable<HealthReport> {
  const { intervalMs, failures, notServing, watch } = options;
  const asked$ = defer(() => {
    let seen = subject.answers();
    const ask = (): Observable<Answer | 'silent' | 'alive'> => {
      const now = subject.answers();
      if (now !== seen) {
        seen = now;
        return of('alive');
      }
      return defer(subject.check).pipe(catchError(() => of('silent' as const)));
    };
    return defer(() => wait(intervalMs)).pipe(repeat(), exhaustMap(ask));
  });
  const told$ = watch ? subject.told$.pipe(retry({ delay: () => wait(intervalMs) })) : EMPTY;
  const reports$ = merge(asked$, told$).pipe(
    scan(next, { health: { status: 'serving' }, misses: 0 } as Progress),
    map(
      ({ health, misses }): HealthReport => (misses >= failures ? { status: 'dead', cause: 'unresponsive' } : health),
    ),
    distinctHealth(),
  );
  if (notServing === 'ignore')
    return reports$.pipe(map((report) => (report.status === 'not-serving' ? SERVING : report)));
  return reports$.pipe(
    switchMap((report) => (report.status === 'not-serving' ? patience(report, notServing, wait) : of(report))),
  );
}

const SERVING: MemberHealth = { status: 'serving' };

interface Progress {
  readonly health: MemberHealth;
  readonly misses: number;
}

function next({ health, misses }: Progress, heard: Answer | 'silent' | 'alive'): Progress {
  if (heard === 'silent') return { health: { status: 'unresponsive', missed: misses + 1 }, misses: misses + 1 };
  // Any answer shows that it lives, not that it serves.
  if (heard === 'alive') return { health: health.status === 'unresponsive' ? SERVING : health, misses: 0 };
  return { health: { status: heard }, misses: 0 };
}

function distinctHealth() {
  return (source$: Observable<HealthReport>): Observable<HealthReport> =>
    defer(() => {
      let last = JSON.stringify(SERVING);
      return source$.pipe(
        switchMap((report) => {
          const text = JSON.stringify(report);
          if (text === last) return EMPTY;
          last = text;
          return of(report);
        }),
      );
    });
}

/** The report, and the end of patience with it. */
function patience(report: HealthReport, notServing: 'hold' | 'restart', wait: Wait): Observable<HealthReport> {
  const dead: HealthReport = { status: 'dead', cause: 'not-serving' };
  if (notServing === 'restart') return of(report, dead);
  return merge(of(report), wait(NOT_SERVING_LIMIT_MS).pipe(map(() => dead)));
}
