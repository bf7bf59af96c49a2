import { lockedPlugin, readLock } from '../lock/read-lock.js';
import { choosePlatform } from '../versions/platform.js';
import type { ProgressOptions, StoreContext } from './context.js';
import { installPlatform } from './install-platform.js';

/** What is installed. */
export interface InstallOptions extends ProgressOptions {
  /** The plugins, as the application calls them. @default all */
  readonly only?: readonly string[];
  /** The platforms. @default the one of this process */
  readonly platforms?: readonly string[];
}

/** A plugin that is in the store. */
export interface InstalledPlugin {
  /** What the application calls it. */
  readonly key: string;
  readonly name: string;
  readonly version: string;
  readonly platform: string;
  /** Its folder in the store. */
  readonly folder: string;
}

/** Installs exactly what the lock file says, and changes nothing in it. */
export async function install(context: StoreContext, options: InstallOptions): Promise<readonly InstalledPlugin[]> {
  const lock = await readLock(context.lockFile);
  const installed: InstalledPlugin[] = [];
  for (const key of options.only ?? Object.keys(lock.plugins)) {
    const plugin = lockedPlugin(lock, key, context.lockFile);
    const { name, version } = plugin;
    for (const keys of platformsOf(context, options.platforms)) {
      const what = `${context.lockFile}: ${key}, which is ${name} ${version},`;
      const platform = choosePlatform(plugin.platforms, keys, { what, advice: missingPlatform(key) });
      const { folder } = await installPlatform(context, { key, plugin, platform }, options);
      installed.push({ key, name, version, platform, folder });
    }
  }
  return installed;
}

/** What to do when a lock file has nothing for a platform. */
export function missingPlatform(key: string): string {
  return `If it has been published meanwhile, \`rxplug plugin update ${key}\` adds it.`;
}

function platformsOf(context: StoreContext, named: readonly string[] | undefined): readonly (readonly string[])[] {
  return named?.map((platform) => [platform]) ?? [context.platformKeys()];
}
