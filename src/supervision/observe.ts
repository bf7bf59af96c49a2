import { EMPTY, map, merge, type Observable } from 'rxjs';
import type { Generation } from './generation.js';
import { type HealthReport, watchHealth, whenUnused } from './health.js';
import type { ResolvedSupervision } from './options.js';
import { overMemory, type RecycleCause, whenDue } from './recycling.js';
import type { Wait } from './wait.js';

/** What is noticed of a generation that serves. */
export type Observation =
  | { readonly type: 'health'; readonly report: HealthReport }
  /** Nobody has used it for `idleStopMs`. */
  | { readonly type: 'unused' }
  /** It is to be replaced by a new one. */
  | { readonly type: 'due'; readonly cause: RecycleCause }
  /** It is above `limits.memoryBytes`. */
  | { readonly type: 'over-limit' };

/** Observes a generation as the options say: its health, its use, its age. Cold. `uses` counts the calls of all generations. */
export function observe(
  generation: Generation,
  options: ResolvedSupervision,
  uses: () => number,
  wait: Wait,
): Observable<Observation> {
  const { health, idleStopMs, recycle, limits } = options;
  const { usage } = generation;
  const health$ = health === undefined ? EMPTY : watchHealth(generation.health(), health, wait);
  const unused$ =
    idleStopMs === undefined ? EMPTY : whenUnused({ uses, busy: () => generation.isBusy }, idleStopMs, wait);
  const due$ = recycle === undefined ? EMPTY : whenDue(usage, recycle, wait, options.sampleMs);
  const over$ =
    limits?.memoryBytes === undefined ? EMPTY : overMemory(usage, limits.memoryBytes, wait, options.sampleMs);
  return merge(
    health$.pipe(map((report): Observation => ({ type: 'health', report }))),
    unused$.pipe(map((): Observation => ({ type: 'unused' }))),
    due$.pipe(map((cause): Observation => ({ type: 'due', cause }))),
    over$.pipe(map((): Observation => ({ type: 'over-limit' }))),
  );
}
