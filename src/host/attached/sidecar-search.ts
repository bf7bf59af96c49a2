import {
  catchError,
  defer,
  EMPTY,
  firstValueFrom,
  fromEvent,
  merge,
  mergeMap,
  type Observable,
  of,
  repeat,
  switchMap,
  takeUntil,
} from 'rxjs';
import { PluginError, StartError } from '../../errors.js';
import { loopTimer } from '../../streams/loop-timeout.js';
import type { Address } from '../../wire/handshake/address.js';
import { directoryChanges } from '../directory-changes.js';
import type { SidecarOptions } from './sidecar.js';
import { type Publication, type PublishedPlugin, readPublication, sidecarFile } from './sidecar-file.js';

/** Connects to an address of this machine, and ends the connection. Rejects when nobody listens there. */
export type Knock = (address: Address) => Promise<void>;

/** How often the folder is looked into although nothing has told of a change: it may not be there yet, or be of a file system that tells none. */
const LOOK_MS = 1000;

/** What stands in the folder, now and whenever it may have changed. Cold, never completes or errors, does not keep the process alive. */
export function publications(options: SidecarOptions): Observable<Publication> {
  const changes$ = directoryChanges(options.directory, { persistent: false }).pipe(catchError(() => EMPTY));
  const looks$ = defer(() => loopTimer(LOOK_MS, { ref: false })).pipe(repeat());
  return merge(of(undefined), changes$, looks$).pipe(switchMap(() => readPublication(options)));
}

/** Waits for a plugin that is published and listens. Rejects with the signal's reason; after a timeout with what there was in its place. */
export async function findPublished(
  options: SidecarOptions,
  knock: Knock,
  signal: AbortSignal,
): Promise<PublishedPlugin> {
  signal.throwIfAborted();
  let last = 'nothing is published there';
  const found$ = publications(options).pipe(
    switchMap(async (publication) => {
      if (publication.status !== 'published') {
        last =
          publication.status === 'missing' ? 'nothing is published there' : `it cannot be used: ${publication.why}`;
        return undefined;
      }
      const { plugin } = publication;
      const isThere = await knock(plugin.reattach).then(
        () => true,
        () => false,
      );
      last = 'the plugin that is published there does not listen';
      return isThere ? plugin : undefined;
    }),
    mergeMap((plugin) => (plugin === undefined ? EMPTY : of(plugin))),
    takeUntil(fromEvent(signal, 'abort')),
  );
  const plugin = await firstValueFrom(found$, { defaultValue: undefined });
  if (plugin !== undefined) return plugin;
  throw explained(signal.reason, options, last);
}

function explained(reason: unknown, options: SidecarOptions, last: string): unknown {
  if (!PluginError.is(reason) || reason.code !== 'ERR_START_TIMEOUT') return reason;
  const message =
    `No sidecar has published a plugin in ${sidecarFile(options)} in time: ${last}. ` +
    'Check that the sidecar runs and has the same folder and name, or raise `startTimeoutMs`.';
  return new StartError('ERR_START_TIMEOUT', message, { cause: reason });
}
