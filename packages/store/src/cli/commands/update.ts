import type { CliContext } from '../context.js';
import { print } from '../output.js';
import { progressOn } from '../progress.js';
import { onlyOf, requireLock, type StoreFlags, storeOf } from '../store-flags.js';

/** `rxplug plugin update [NAME...]` */
export async function update(this: CliContext, flags: StoreFlags, ...names: string[]): Promise<void> {
  requireLock(this, flags);
  const { onProgress, end } = progressOn(this.stderr);
  const updated = await storeOf(this, flags)
    .update({ ...onlyOf(names), onProgress })
    .finally(end);
  print(
    this,
    flags,
    updated,
    updated.map(({ key, from, to }) =>
      from === to ? `${key} ${to} is the newest in its range` : `${key} ${from} → ${to}`,
    ),
  );
}
