import type { CliContext } from '../context.js';
import { print } from '../output.js';
import { type LockFlags, storeOf } from '../store-flags.js';

export interface PruneFlags extends LockFlags {
  readonly days: number;
}

const DAY_MS = 24 * 3_600_000;

/** `rxplug plugin prune` */
export async function prune(this: CliContext, flags: PruneFlags): Promise<void> {
  const removed = await storeOf(this, flags).prune({ unusedMs: flags.days * DAY_MS });
  const total = removed.reduce((sum, { bytes }) => sum + bytes, 0);
  print(this, flags, removed, [
    ...removed.map(({ archive, bytes }) => `${archive}  ${bytes} bytes`),
    removed.length === 0 ? 'Nothing was removed.' : `${total} bytes were removed.`,
  ]);
}
