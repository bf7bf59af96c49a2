import { watch } from 'node:fs';
import { dirname } from 'node:path';
import { auditTime, concatMap, defer, distinctUntilChanged, filter, merge, Observable } from 'rxjs';
import type { Digest } from '../digest.js';
import { StoreError } from '../errors.js';
import { lockedPlugin, readLock } from '../lock/read-lock.js';
import { readEntry } from '../store/entry.js';
import { makeFolder } from '../store/workspace.js';
import type { StoreContext } from './context.js';

/** What `use` gives from now on. */
export interface PluginChange {
  /** What the application calls the plugin. */
  readonly key: string;
  readonly version: string;
  /** The digest of its archive. */
  readonly archive: Digest;
}

/** A lock file is written at once, a working copy of a repository file by file. */
const SETTLE_MS = 50;

/**
 * Emits when `use` would give another archive than it gave last, or than it would have given at the subscription: the lock file names
 * another one, and it is installed. Cold: subscribing watches the folder of the lock file and the store, which does not keep the process
 * alive. Never completes; errors with StoreError ERR_STORE when a folder cannot be watched.
 */
export function changes(context: StoreContext, key: string): Observable<PluginChange> {
  return defer(async () => {
    // A store that cannot be made cannot be watched either, which is told then.
    await makeFolder(context.root).catch(() => undefined);
    return await usable(context, key);
  }).pipe(
    concatMap((first) => {
      const look$ = defer(() => usable(context, key));
      const change$ = merge(folderChanges(dirname(context.lockFile)), folderChanges(context.root));
      const later$ = change$.pipe(
        auditTime(SETTLE_MS),
        concatMap(() => look$),
      );
      return merge(look$, later$).pipe(
        filter((change) => change !== undefined),
        distinctUntilChanged((a, b) => a.archive === b.archive),
        // What `use` gave may be older than the subscription.
        filter(({ archive }) => archive !== (context.used.get(key) ?? first?.archive)),
      );
    }),
  );
}

/** Undefined while it is not installed, and while the lock file cannot be read. */
async function usable(context: StoreContext, key: string): Promise<PluginChange | undefined> {
  try {
    const { version, platforms } = lockedPlugin(await readLock(context.lockFile), key, context.lockFile);
    const platform = context.platformKeys().find((one) => Object.hasOwn(platforms, one));
    const archive = platform === undefined ? undefined : platforms[platform]?.archive;
    if (archive === undefined || (await readEntry(context.root, archive)) === undefined) return undefined;
    return { key, version, archive };
  } catch {
    return undefined;
  }
}

function folderChanges(folder: string): Observable<void> {
  return new Observable((subscriber) => {
    try {
      const watcher = watch(folder, { persistent: false }, () => subscriber.next());
      watcher.on('error', (cause) => subscriber.error(unwatchable(folder, cause)));
      return () => watcher.close();
    } catch (cause) {
      subscriber.error(unwatchable(folder, cause));
      return undefined;
    }
  });
}

function unwatchable(folder: string, cause: unknown): StoreError {
  return new StoreError('ERR_STORE', `${folder} cannot be watched for changes: ${(cause as Error).message}.`, {
    cause,
  });
}
