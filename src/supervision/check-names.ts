import { checkOptions, optionNames } from '../wire/option-names.js';
import type { HealthOptions, ReloadOptions, SupervisionOptions } from './options.js';
import type { LimitOptions, RecycleOptions } from './recycling.js';
import type { PoolSize } from './router.js';

/** The names of the options inside an option. Those of `backoff` are checked where they are read. */
const NAMES = {
  intensity: optionNames<NonNullable<SupervisionOptions['intensity']>>()('max withinMs'),
  whenDown: optionNames<NonNullable<SupervisionOptions['whenDown']>>()('policy limitMs'),
  health: optionNames<HealthOptions>()('intervalMs timeoutMs failures service watch notServing'),
  recycle: optionNames<RecycleOptions>()('memoryBytes ageMs calls'),
  limits: optionNames<LimitOptions>()('memoryBytes'),
  size: optionNames<PoolSize>()('min max scaleUpAtCalls scaleDownAfterMs'),
  reload: optionNames<ReloadOptions>()('mode drainMs'),
} as const;

/** Throws OptionsError for a name that is not known, and for what is no object. */
export function checkNestedNames(options: Pick<SupervisionOptions, keyof typeof NAMES>): void {
  for (const [name, known] of Object.entries(NAMES)) {
    const given = options[name as keyof typeof NAMES];
    if ((name === 'health' && given === false) || (name === 'size' && typeof given === 'number')) continue;
    checkOptions(`\`supervision.${name}\``, given, known);
  }
}
