import { readLock } from '../lock/read-lock.js';
import { readEntry } from '../store/entry.js';
import type { LockedEntry } from './add.js';
import type { StoreContext } from './context.js';
import { usePlugin } from './use.js';

/** A plugin of the lock file, and where it is. */
export interface ListedPlugin extends LockedEntry {
  /** The platform that this process would run; undefined when the lock file has none for it. */
  readonly platform: string | undefined;
  /** Its folder in the store; undefined when it is not installed. */
  readonly folder: string | undefined;
}

/** What the lock file has, by name, and what of it is installed. Reads no plugin's files. */
export async function list(context: StoreContext): Promise<readonly ListedPlugin[]> {
  const { plugins } = await readLock(context.lockFile);
  const listed: ListedPlugin[] = [];
  for (const [key, plugin] of Object.entries(plugins)) {
    const platform = context.platformKeys().find((one) => Object.hasOwn(plugin.platforms, one));
    const archive = platform === undefined ? undefined : plugin.platforms[platform]?.archive;
    const entry = archive === undefined ? undefined : await readEntry(context.root, archive);
    listed.push({ key, ...plugin, platform, folder: entry?.folder });
  }
  return listed.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** What became of a plugin's verification. */
export interface VerifiedPlugin {
  /** What the application calls it. */
  readonly key: string;
  readonly name: string;
  readonly version: string;
  /** Why `use` would refuse it; undefined when it would not. */
  readonly error?: Error;
}

/** Verifies plugins as `use` does: signature, files, manifest, and the application's version. Makes no request. */
export async function verify(
  context: StoreContext,
  { only }: { readonly only?: readonly string[] },
): Promise<readonly VerifiedPlugin[]> {
  const lock = await readLock(context.lockFile);
  const verified: VerifiedPlugin[] = [];
  for (const key of only ?? Object.keys(lock.plugins).sort()) {
    const { name = key, version = '' } = Object.hasOwn(lock.plugins, key) ? (lock.plugins[key] ?? {}) : {};
    const error = await usePlugin(context, key).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    verified.push({ key, name, version, ...(error === undefined ? {} : { error }) });
  }
  return verified;
}
