import { ITEMS } from './items/all.js';
import type { CheckDescription } from './result.js';

/** Everything that `checkPlugin` checks, in its order: ids, levels, and what is expected. */
export const CHECK_ITEMS: readonly CheckDescription[] = ITEMS;
