import { OptionsError } from 'rxplug';
import { editLock } from '../lock/edit-lock.js';
import { isLockKey } from '../lock/parse-lock.js';
import { lockedPlugin } from '../lock/read-lock.js';
import { quote } from '../quote.js';
import type { LockedEntry } from './add.js';
import type { StoreContext } from './context.js';

/** Takes plugins out of the lock file, all of them or none. Their files stay in the store, where others may use them. */
export async function remove(context: StoreContext, keys: readonly string[]): Promise<readonly LockedEntry[]> {
  if (!Array.isArray(keys) || !keys.every(isLockKey))
    throw new OptionsError(
      `Expected an array of the names that the application gives the plugins, got ${quote(keys)}.`,
    );
  const removed: LockedEntry[] = [];
  await editLock(context.lockFile, (lock) => {
    for (const key of new Set(keys)) removed.push({ key, ...lockedPlugin(lock, key, context.lockFile) });
    const left = Object.entries(lock.plugins).filter(([key]) => !keys.includes(key));
    return { ...lock, plugins: Object.fromEntries(left) };
  });
  return removed;
}
