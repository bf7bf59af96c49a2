import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { concatMap, distinctUntilChanged, type Observable, startWith } from 'rxjs';
import { absolutePath } from '../processes/current-directory.js';
import { directoryChanges } from './directory-changes.js';
import { compileGlob, isGlob } from './glob.js';

/**
 * The absolute paths below `directory` that match the glob pattern, sorted (go-plugin discover.go Discover). Without a match, or
 * without the directory, the list is empty. Directories match too; nothing is checked for being executable. `**` means the same as
 * `*`. Rejects with OptionsError for a malformed pattern.
 *
 * @example
 * ```ts
 * for (const file of await discover('kv-*', '/usr/lib/my-app/plugins')) clients.push(createClient({ command: [file], handshake, plugins }));
 * ```
 */
export async function discover(pattern: string, directory: string): Promise<readonly string[]> {
  const components = pattern.split('/').filter((component) => component !== '');
  const steps = components.map((component) => (isGlob(component) ? compileGlob(component) : component));
  let found: string[] = [absolutePath(directory)];
  for (const step of steps) {
    const next = await Promise.all(
      found.map((path) => (typeof step === 'string' ? existing(join(path, step)) : matching(path, step))),
    );
    found = next.flat();
  }
  return components.length === 0 ? [] : found.sort();
}

/**
 * The paths that `discover` finds, now and after each change of them. Cold: subscribing watches the directory, unsubscribing ends that.
 * Never completes. Errors with OptionsError for a malformed pattern, and with TransportError ERR_WATCH when the directory cannot be
 * watched, for instance because it does not exist.
 *
 * @example
 * ```ts
 * // Restarts with the new set of plugins whenever a file comes or goes.
 * discovered('kv-*', directory).pipe(switchMap((files) => merge(...files.map((file) => launch({ command: [file], handshake, plugins })))));
 * ```
 */
export function discovered(pattern: string, directory: string): Observable<readonly string[]> {
  return directoryChanges(directory, { recursive: pattern.includes('/') }).pipe(
    startWith(undefined),
    concatMap(() => discover(pattern, directory)),
    distinctUntilChanged((before, now) => before.join('\0') === now.join('\0')),
  );
}

async function existing(path: string): Promise<string[]> {
  return stat(path).then(
    () => [path],
    () => [],
  );
}

async function matching(path: string, matches: (name: string) => boolean): Promise<string[]> {
  const names = await readdir(path).catch((): string[] => []);
  return names.filter(matches).map((name) => join(path, name));
}
