import { OptionsError } from 'rxplug';
import type { Digest } from '../digest.js';
import { readLock } from '../lock/read-lock.js';
import { quote } from '../quote.js';
import { type RemovedEntry, removeUnused } from '../store/unused.js';
import type { StoreContext } from './context.js';

/** What is removed from the store. */
export interface PruneOptions {
  /** For how long nobody has used it, in milliseconds. @default 30 days */
  readonly unusedMs?: number;
}

const DEFAULT_UNUSED_MS = 30 * 24 * 3_600_000;

/** Removes from the store what the lock file does not name, and nobody has used for a while. */
export async function prune(
  context: StoreContext,
  { unusedMs = DEFAULT_UNUSED_MS }: PruneOptions,
): Promise<readonly RemovedEntry[]> {
  if (typeof unusedMs !== 'number' || !(unusedMs >= 0))
    throw new OptionsError(`Expected \`unusedMs\` to be a number of milliseconds from 0, got ${quote(unusedMs)}.`);
  const { plugins } = await readLock(context.lockFile);
  const kept = Object.values(plugins).flatMap(({ platforms }) =>
    Object.values(platforms).map(({ archive }) => archive),
  );
  return await removeUnused(context.root, new Set<Digest>(kept), unusedMs);
}
