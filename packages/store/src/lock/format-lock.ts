import type { LockedPlatform, LockedPlugin, LockFile } from './lock-file.js';

/** The text of a lock file: sorted, one field a line, so that the same content is the same text and changes are easy to review. */
export function formatLock(lock: LockFile): string {
  const plugins = sorted(lock.plugins, plugin);
  return `${JSON.stringify({ lockVersion: lock.lockVersion, plugins }, undefined, 2)}\n`;
}

function plugin({ name, source, range, version, signer, platforms }: LockedPlugin): LockedPlugin {
  const head = { name, source, range, version, ...(signer === undefined ? {} : { signer }) };
  return { ...head, platforms: sorted(platforms, platform) };
}

function platform({ archive, size, files, program }: LockedPlatform): LockedPlatform {
  return {
    archive,
    size,
    ...(files === undefined ? {} : { files }),
    ...(program === undefined ? {} : { program }),
  };
}

/** By the order of the characters' codes, which no language setting changes. */
function sorted<T>(table: Readonly<Record<string, T>>, format: (value: T) => T): Readonly<Record<string, T>> {
  const keys = Object.keys(table).sort();
  return Object.fromEntries(keys.map((key) => [key, format(table[key] as T)]));
}
