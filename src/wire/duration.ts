import { OptionsError } from '../errors.js';

/** The longest delay of a Node timer, in milliseconds; with a longer one it would fire at once. */
export const MAX_TIMER_MS = 2_147_483_647;

/** The option's value in milliseconds, or the default when it is undefined. Throws OptionsError above the maximum of a timer. */
export function resolveDuration(name: string, value: number | undefined, defaultMs: number): number {
  if (value === undefined) return defaultMs;
  if (Number.isSafeInteger(value) && value >= 0 && value <= MAX_TIMER_MS) return value;
  throw new OptionsError(
    `Expected \`${name}\` to be a non-negative integer below 2^31, got ${String(value)} (${typeof value}).`,
  );
}
