import type { BackoffOptions } from '../streams/backoff.js';
import type { PoolSize } from '../supervision/calls/router.js';
import type { HealthOptions, ReloadOptions, SupervisionOptions } from '../supervision/options.js';
import type { LimitOptions, RecycleOptions } from '../supervision/recycling.js';
import { checkOptions, optionNames } from '../wire/option-names.js';

const NAMES = optionNames<SupervisionOptions>()(
  'start restart backoff intensity cooldownMs generation onStart whenDown replay health idleStopMs recycle limits size router sampleMs reloadOn reload',
);

/** The names inside these. */
const NESTED = {
  backoff: optionNames<BackoffOptions>()('initialMs maxMs factor jitter resetAfterMs giveUp random scheduler'),
  intensity: optionNames<NonNullable<SupervisionOptions['intensity']>>()('max withinMs'),
  whenDown: optionNames<NonNullable<SupervisionOptions['whenDown']>>()('policy limitMs'),
  health: optionNames<HealthOptions>()('intervalMs timeoutMs failures service watch notServing'),
  recycle: optionNames<RecycleOptions>()('memoryBytes ageMs calls'),
  limits: optionNames<LimitOptions>()('memoryBytes'),
  size: optionNames<PoolSize>()('min max scaleUpAtCalls scaleDownAfterMs'),
  reload: optionNames<ReloadOptions>()('mode drainMs'),
} as const;

/** Throws OptionsError for a name that `supervision`, or an option inside it, does not have, and for what is no object. */
export function checkSupervisionNames(options: object | undefined): void {
  checkOptions('`supervision`', options, NAMES);
  const given: Readonly<Record<string, unknown>> = { ...options };
  for (const [name, known] of Object.entries(NESTED)) {
    const value = given[name];
    const isShort = (name === 'health' && value === false) || (name === 'size' && typeof value === 'number');
    if (!isShort) checkOptions(`\`supervision.${name}\``, value, known);
  }
}
