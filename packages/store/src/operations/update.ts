import { gt } from 'semver';
import { editLock, putPlugin } from '../lock/edit-lock.js';
import { lockedPlugin, readLock } from '../lock/read-lock.js';
import { newestInRange } from '../versions/ranges.js';
import type { StoreContext } from './context.js';
import { type LockOptions, lockVersion } from './lock-version.js';
import { readRelease } from './release.js';

/** What is updated. */
export interface UpdateOptions extends Omit<LockOptions, 'confirmSigner'> {
  /** The plugins, as the application calls them. @default all */
  readonly only?: readonly string[];
}

/** A plugin that was looked at: with the same version on both sides when there is no newer one in its range. */
export interface UpdatedPlugin {
  /** What the application calls it. */
  readonly key: string;
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Moves plugins to the newest versions in their ranges, never to an older one than the lock file has, and adds platforms that have been
 * published since. Each is written when it is installed, so that one that fails leaves the others.
 */
export async function update(context: StoreContext, options: UpdateOptions): Promise<readonly UpdatedPlugin[]> {
  const lock = await readLock(context.lockFile);
  const updated: UpdatedPlugin[] = [];
  for (const key of options.only ?? Object.keys(lock.plugins)) {
    const before = lockedPlugin(lock, key, context.lockFile);
    const { name, range } = before;
    const source = context.sourceOf(before.source, Object.keys(before.platforms));
    const versions = await source.list(options);
    const newest = newestInRange(versions, range, before.source);
    // A source that has lost its newest version, or hides it, does not bring back an old one.
    const version = gt(before.version, newest) ? before.version : newest;
    const release = await readRelease(source, version, options);
    const plugin = await lockVersion(context, { key, name, release, versions, range, before }, options);
    await editLock(context.lockFile, (now) => putPlugin(now, { key, before, plugin, file: context.lockFile }));
    updated.push({ key, name, from: before.version, to: version });
  }
  return updated;
}
