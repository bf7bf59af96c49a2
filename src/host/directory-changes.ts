import { type FSWatcher, watch } from 'node:fs';
import { fromEvent, map, merge, mergeMap, type Observable, throwError, using } from 'rxjs';
import { errorMessage, TransportError } from '../errors.js';

/** How a directory is watched. */
export interface DirectoryChangesOptions {
  /** Whether what is below it is watched, too. @default false */
  readonly recursive?: boolean;
  /** Whether watching keeps the process alive. @default true */
  readonly persistent?: boolean;
}

/**
 * Emits when something in a directory changes. Cold: subscribing watches it, unsubscribing ends that. Never completes. Errors with
 * TransportError ERR_WATCH when it cannot be watched, for instance because it does not exist.
 */
export function directoryChanges(directory: string, options: DirectoryChangesOptions = {}): Observable<void> {
  return using(
    () => openWatcher(directory, options),
    (resource) => {
      const { watcher } = resource as WatcherResource;
      const failure$ = fromEvent(watcher, 'error').pipe(
        mergeMap((cause) => throwError(() => unwatchable(directory, cause))),
      );
      return merge(fromEvent(watcher, 'change'), failure$).pipe(map(() => undefined));
    },
  );
}

interface WatcherResource {
  readonly watcher: FSWatcher;
  unsubscribe(): void;
}

function openWatcher(
  directory: string,
  { recursive = false, persistent = true }: DirectoryChangesOptions,
): WatcherResource {
  try {
    const watcher = watch(directory, { recursive, persistent });
    return { watcher, unsubscribe: () => watcher.close() };
  } catch (cause) {
    throw unwatchable(directory, cause);
  }
}

function unwatchable(directory: string, cause: unknown): TransportError {
  const why = errorMessage(cause);
  return new TransportError(
    'ERR_WATCH',
    `The directory ${directory} cannot be watched for plugins: ${why}. Create it first.`,
    { cause },
  );
}
