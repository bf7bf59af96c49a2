import { open } from 'node:fs/promises';
import { StoreError } from '../errors.js';
import { quote, someOf } from '../quote.js';
import { EMPTY_LOCK, type LockedPlugin, type LockFile } from './lock-file.js';
import { MAX_LOCK_BYTES, parseLock } from './parse-lock.js';

/** Reads a lock file; an empty one where there is no file. Rejects with StoreError ERR_LOCK. */
export async function readLock(file: string): Promise<LockFile> {
  const text = await readLockText(file);
  return text === undefined ? EMPTY_LOCK : parseLock(text, file);
}

/** The locked plugin of a name. Throws StoreError ERR_LOCK that names those that there are. */
export function lockedPlugin(lock: LockFile, key: string, file: string): LockedPlugin {
  const plugin = Object.hasOwn(lock.plugins, key) ? lock.plugins[key] : undefined;
  if (plugin !== undefined) return plugin;
  const there = someOf(Object.keys(lock.plugins).sort());
  throw new StoreError(
    'ERR_LOCK',
    `${file} has no plugin ${quote(key)}. It has: ${there}. Add it with \`rxplug plugin add ADDRESS --as ${key}\`.`,
  );
}

async function readLockText(file: string): Promise<string | undefined> {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      if (size > MAX_LOCK_BYTES) throw new Error(`it has ${size} bytes, and at most ${MAX_LOCK_BYTES} are read`);
      const buffer = Buffer.alloc(size);
      const { bytesRead } = await handle.read(buffer, 0, size, 0);
      return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, bytesRead));
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new StoreError('ERR_LOCK', `${file} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}
