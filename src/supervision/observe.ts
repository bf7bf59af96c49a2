import { EMPTY, map, merge, type Observable } from 'rxjs';
import type { Generation } from './generation.js';
import { type HealthReport, watchHealth } from './health.js';
import type { ResolvedSupervision } from './options.js';
import { overMemory, type RecycleCause, whenDue } from './recycling.js';
import { type Wait, whenUnused } from './unused.js';

/** What is noticed of a generation that serves. */
export type Observation =
  | { readonly type: 'health'; readonly report: HealthReport }
  /** Nobody has used it for `idleStopMs`. */
  | { readonly type: 'unused' }
  /** It is to be replaced by a new one. */
  | { readonly type: 'due'; readonly cause: RecycleCause }
  /** It is above `limits.memoryBytes`. */
  | { readonly type: 'over-limit' };

/** What generations are observed with. */
export interface Observing {
  readonly supervision: ResolvedSupervision;
  readonly wait: Wait;
  /** How often the plugin was used, whichever generation served. */
  readonly uses: () => number;
  /** Whether one of its generations is in use. */
  readonly isBusy: () => boolean;
}

/** Observes a generation as the options say: its health, its use, its age. Cold. */
export function observe(
  generation: Generation,
  { supervision, uses, isBusy, wait }: Observing,
): Observable<Observation> {
  const { health, idleStopMs, recycle, limits, sampleMs } = supervision;
  const { usage } = generation;
  const health$ = health === undefined ? EMPTY : watchHealth(generation.health(), health, wait);
  const unused$ = idleStopMs === undefined ? EMPTY : whenUnused({ uses, busy: isBusy }, idleStopMs, wait);
  const due$ = recycle === undefined ? EMPTY : whenDue(usage, recycle, wait, sampleMs);
  const over$ = limits?.memoryBytes === undefined ? EMPTY : overMemory(usage, limits.memoryBytes, wait, sampleMs);
  return merge(
    health$.pipe(map((report): Observation => ({ type: 'health', report }))),
    unused$.pipe(map((): Observation => ({ type: 'unused' }))),
    due$.pipe(map((cause): Observation => ({ type: 'due', cause }))),
    over$.pipe(map((): Observation => ({ type: 'over-limit' }))),
  );
}
