import { asyncScheduler, type Observable, type SchedulerLike, throwError, timer } from 'rxjs';
import { OptionsError } from '../errors.js';
import { MAX_TIMER_MS } from '../wire/duration.js';
import { optionNames, requireOptions } from '../wire/option-names.js';
import { cannotHeal } from './cannot-heal.js';

/** How the waits of `backoff` grow. */
export interface BackoffOptions {
  /** Wait before the first retry, in milliseconds. */
  readonly initialMs: number;
  /** Longest wait, in milliseconds. */
  readonly maxMs: number;
  /** How many times longer each wait is than the one before it. @default 2 */
  readonly factor?: number;
  /** Share of the wait that is random, 0 to 1: with 0.5 a wait of 100 ms takes 50 to 100 ms. @default 0.5 */
  readonly jitter?: number;
  /** The waits begin again with `initialMs` after a source that lasted this long, in milliseconds. @default never */
  readonly resetAfterMs?: number;
  /**
   * Which errors end the retries: the Observable then fails with them. @default `cannotHeal`: wrong options, a program that cannot be run or
   * read, a checksum, versions without a common one
   */
  readonly giveUp?: (error: unknown) => boolean;
  /** Random number from 0 (included) to 1 (excluded). @default Math.random */
  readonly random?: () => number;
  /** The clock of the waits, for tests. @default asyncScheduler */
  readonly scheduler?: SchedulerLike;
}

/**
 * Exponential waits for the `delay` of rxjs's `retry`. What `giveUp` says would fail the same way again is not retried. With
 * `resetAfterMs` the returned function remembers when the source was last subscribed to, so that several concurrent subscriptions need
 * one each, made inside `defer`. Throws OptionsError for values outside their range.
 *
 * @example
 * ```ts
 * // Restarts a plugin that crashes, after 100 ms at first, then up to 30 s; after a minute without a crash 100 ms again.
 * launch(options).pipe(retry({ delay: backoff({ initialMs: 100, maxMs: 30_000, resetAfterMs: 60_000 }) }));
 * ```
 */
export function backoff(options: BackoffOptions): (error: unknown, retryCount: number) => Observable<0> {
  const resolved = resolveBackoff(options);
  const { resetAfterMs, giveUp, scheduler } = resolved;
  let subscribedAt = scheduler.now();
  let earlierRetries = 0;
  return (error, retryCount) => {
    if (giveUp(error)) return throwError(() => error);
    const now = scheduler.now();
    if (retryCount === 1) earlierRetries = 0;
    else if (now - subscribedAt >= resetAfterMs) earlierRetries = retryCount - 1;
    const waitMs = backoffWaitMs(resolved, retryCount - earlierRetries);
    subscribedAt = now + waitMs;
    return timer(waitMs, scheduler);
  };
}

const NAMES = optionNames<BackoffOptions>()('initialMs maxMs factor jitter resetAfterMs giveUp random scheduler');

/** The wait before the retry of this number, which counts from 1. */
export function backoffWaitMs(options: Required<BackoffOptions>, retryCount: number): number {
  const { initialMs, maxMs, factor, jitter, random } = options;
  return Math.min(maxMs, initialMs * factor ** (retryCount - 1)) * (1 - jitter * random());
}

/** Validates once and fills in the defaults. Throws OptionsError. */
export function resolveBackoff(options: BackoffOptions): Required<BackoffOptions> {
  requireOptions('backoff', options, NAMES);
  const resolved = {
    initialMs: options.initialMs,
    maxMs: options.maxMs,
    factor: options.factor ?? 2,
    jitter: options.jitter ?? 0.5,
    resetAfterMs: options.resetAfterMs ?? Number.POSITIVE_INFINITY,
    giveUp: options.giveUp ?? cannotHeal,
    random: options.random ?? Math.random,
    scheduler: options.scheduler ?? asyncScheduler,
  };
  check('initialMs', resolved.initialMs, 0, MAX_TIMER_MS);
  check('maxMs', resolved.maxMs, resolved.initialMs, MAX_TIMER_MS);
  check('factor', resolved.factor, 1, Number.MAX_VALUE);
  check('jitter', resolved.jitter, 0, 1);
  check('resetAfterMs', resolved.resetAfterMs, 0, Number.POSITIVE_INFINITY);
  return resolved;
}

function check(name: string, value: unknown, least: number, most: number): void {
  if (typeof value === 'number' && value >= least && value <= most) return;
  throw new OptionsError(
    `Expected the \`${name}\` option of backoff to be a number from ${least} to ${most}, got \`${String(value)}\` (${typeof value}).`,
  );
}
