import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  auditTime,
  concatMap,
  defer,
  distinctUntilChanged,
  exhaustMap,
  filter,
  first,
  map,
  merge,
  type Observable,
  pairwise,
  skip,
  timer,
} from 'rxjs';
import { directoryChanges } from '../host/directory-changes.js';
import { absolutePath } from '../processes/current-directory.js';
import { resolveDuration } from '../wire/duration.js';
import { optionNames, requireOptions } from '../wire/option-names.js';

/** How changes of a file are told. */
export interface FileChangesOptions {
  /** How long a change of the directory is waited with, and how long the file must then keep its size and time. @default 1000 ms */
  readonly debounceMs?: number;
}

const NAMES = optionNames<FileChangesOptions>()('debounceMs');

/** A file whose content has changed. */
export interface FileChange {
  /** Its absolute path. */
  readonly file: string;
  /** SHA-256 of its content, in hexadecimal. */
  readonly sha256: string;
}

/**
 * Emits when the content of a file has changed and is complete: after a write as after an atomic rename, or a link that leads to another
 * file now. A file that is only touched, or gone, is no change. Cold: subscribing watches the file's directory, which does not keep the
 * process alive. Throws OptionsError. Never completes; errors with TransportError ERR_WATCH when the directory cannot be watched.
 *
 * @example
 * supervise({ command: ['./kv-plugin'], handshake, plugins, supervision: { reloadOn: fileChanges('./kv-plugin') } });
 */
export function fileChanges(file: string, options: FileChangesOptions = {}): Observable<FileChange> {
  requireOptions('fileChanges', options, NAMES);
  const debounceMs = resolveDuration('debounceMs', options.debounceMs, 1000);
  return defer(() => {
    const path = absolutePath(file);
    // Not `debounceTime`: other files of the directory, a log for instance, may change without a pause.
    const change$ = directoryChanges(dirname(path), { persistent: false }).pipe(auditTime(debounceMs));
    // What changes during a look comes after it again, since it comes late.
    const later$ = change$.pipe(exhaustMap(() => stableLook(path, debounceMs)));
    return merge(
      defer(() => lookAt(path)),
      later$,
    ).pipe(
      // Only a file that looks different is read: others in its directory may change often, and it may be large.
      distinctUntilChanged(),
      concatMap((look) => digestOf(path, look)),
      // The first is what the file is now; none if it changes at this moment: then what comes is a change.
      filter((sha256, index) => sha256 !== undefined || index === 0),
      distinctUntilChanged(),
      skip(1),
      map((sha256) => ({ file: path, sha256: sha256 ?? '' })),
    );
  });
}

/** What a file looks like, once it has not changed for a while: nothing of one that is being written. */
function stableLook(path: string, quietMs: number): Observable<string> {
  return timer(0, quietMs).pipe(
    exhaustMap(() => lookAt(path)),
    pairwise(),
    first(([before, after]) => before === after),
    map(([, after]) => after),
  );
}

function lookAt(path: string): Promise<string> {
  return stat(path).then(
    ({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`,
    () => '',
  );
}

/** Undefined for a file that is not there, or does not look like that any more. */
async function digestOf(path: string, look: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    if ((await lookAt(path)) !== look) return undefined;
    await pipeline(createReadStream(path), hash);
    return (await lookAt(path)) === look ? hash.digest('hex') : undefined;
  } catch {
    return undefined;
  }
}
