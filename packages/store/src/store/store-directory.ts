import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where a system keeps files that can be had again. */
export interface CachePlace {
  readonly platform?: NodeJS.Platform;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly home?: string;
}

/**
 * The store's directory of this user: `rxplug/store/v1` in `$XDG_CACHE_HOME` or `~/.cache`, on macOS in `~/Library/Caches`, on Windows in
 * `%LOCALAPPDATA%`. What is in it may be removed at any time, while no plugin of it runs.
 */
export function storeDirectory(place: CachePlace = {}): string {
  return join(cacheDirectory(place), 'rxplug', 'store', 'v1');
}

function cacheDirectory({ platform = process.platform, env = process.env, home = homedir() }: CachePlace): string {
  const { XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = env;
  // The specification: a path that is not absolute is to be ignored.
  if (xdg?.startsWith('/') === true) return xdg;
  if (platform === 'win32') return local === undefined || local === '' ? join(home, 'AppData', 'Local') : local;
  return platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache');
}
