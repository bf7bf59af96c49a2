import { defer, exhaustMap, filter, map, merge, NEVER, type Observable, repeat, take } from 'rxjs';
import { type TreeUsage, usageOfTree } from '../processes/usage.js';
import type { Wait } from './unused.js';

/** What a generation uses. */
export interface PluginUsage extends TreeUsage {
  readonly generation: number;
  /** Calls that are open at the moment. */
  readonly openCalls: number;
  /** Calls that were made on it so far. */
  readonly calls: number;
}

/** After what a generation is replaced by a new one, without a failed call. */
export interface RecycleOptions {
  /** Resident memory of the process and all that it has started, looked at every few seconds. Linux, macOS, BSD. @default never */
  readonly memoryBytes?: number;
  /** Age, shortened by up to a tenth at random. @default never */
  readonly ageMs?: number;
  /** Calls that were made on it. @default never */
  readonly calls?: number;
}

/** What a generation may use; it is killed and started again when it uses more. */
export interface LimitOptions {
  /** Resident memory, as in `recycle`. @default no limit */
  readonly memoryBytes?: number;
}

/** Why a generation is recycled. */
export type RecycleCause = 'memory' | 'age' | 'calls';

/** What is measured. */
export interface UsageSubject {
  readonly generation: number;
  readonly pid: () => number;
  readonly openCalls: () => number;
  readonly calls: () => number;
}

/** How often usage is looked at. */
export const SAMPLE_MS = 5000;

/** What a generation uses, every few seconds. Cold: looks while it is subscribed to. */
export function usageOf(subject: UsageSubject, wait: Wait, sampleMs = SAMPLE_MS): Observable<PluginUsage> {
  const sample = async (): Promise<PluginUsage | undefined> => {
    const usage = await usageOfTree(subject.pid());
    if (usage === undefined) return undefined;
    return { ...usage, generation: subject.generation, openCalls: subject.openCalls(), calls: subject.calls() };
  };
  return ticks(wait, sampleMs).pipe(
    exhaustMap(sample),
    filter((usage) => usage !== undefined),
  );
}

/** Emits once, when a generation is due for its successor. Cold. */
export function whenDue(
  subject: UsageSubject,
  { memoryBytes, ageMs, calls }: RecycleOptions,
  wait: Wait,
  sampleMs = SAMPLE_MS,
): Observable<RecycleCause> {
  const memory$ = memoryBytes === undefined ? NEVER : overMemory(subject, memoryBytes, wait, sampleMs);
  const age$ = ageMs === undefined ? NEVER : defer(() => wait(ageMs * (1 - AGE_JITTER * Math.random())));
  const calls$ = calls === undefined ? NEVER : ticks(wait, CALLS_MS).pipe(filter(() => subject.calls() >= calls));
  return merge(
    memory$.pipe(map((): RecycleCause => 'memory')),
    age$.pipe(map((): RecycleCause => 'age')),
    calls$.pipe(map((): RecycleCause => 'calls')),
  ).pipe(take(1));
}

/** Emits once, when the memory is above the limit. Cold. */
export function overMemory(
  subject: UsageSubject,
  bytes: number,
  wait: Wait,
  sampleMs = SAMPLE_MS,
): Observable<PluginUsage> {
  return usageOf(subject, wait, sampleMs).pipe(
    filter(({ rssBytes }) => rssBytes > bytes),
    take(1),
  );
}

/** Several plugins that were started together are not recycled together. */
const AGE_JITTER = 0.1;
/** How often calls are counted, which costs nothing. */
const CALLS_MS = 100;

function ticks(wait: Wait, ms: number): Observable<unknown> {
  return defer(() => wait(ms)).pipe(repeat());
}
