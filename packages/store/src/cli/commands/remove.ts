import type { CliContext } from '../context.js';
import { print } from '../output.js';
import { type LockFlags, storeOf } from '../store-flags.js';

/** `rxplug plugin remove NAME...` */
export async function remove(this: CliContext, flags: LockFlags, ...names: string[]): Promise<void> {
  const removed = await storeOf(this, flags).remove(names);
  print(
    this,
    flags,
    removed,
    removed.map(({ key, name, version }) => `${key}, which was ${name} ${version}, is out of the lock file`),
  );
}
