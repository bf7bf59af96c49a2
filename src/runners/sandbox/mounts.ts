import { realpath, stat } from 'node:fs/promises';
import { OptionsError } from '../../errors.js';
import { isOfSystem } from './system.js';

/** A file or folder in the sandbox, at the host's path. */
export interface Mount {
  readonly path: string;
  /** `data`: a file with the bytes of descriptor 3. */
  readonly how: 'read' | 'write' | 'data';
}

/** What the options and the program ask for. All paths are absolute. */
export interface MountRequest {
  readonly readOnly: readonly string[];
  readonly writable: readonly string[];
  /** Files that the program needs. */
  readonly files: readonly string[];
  /** The file that is to have the bytes that were checked. */
  readonly checked: string | undefined;
}

/**
 * What is mounted, outer folders first, so that what is named within another folder is as it was named. Rejects with OptionsError for a
 * path of the options that does not exist.
 */
export async function mountsOf({ readOnly, writable, files, checked }: MountRequest): Promise<Mount[]> {
  await Promise.all([...named('readOnly', readOnly), ...named('writable', writable)]);
  const mounts = new Map<string, Mount['how']>();
  for (const path of await withTargets(readOnly)) mounts.set(path, 'read');
  for (const path of await withTargets(writable)) mounts.set(path, 'write');
  for (const path of await withTargets(files)) if (!isShown(path, mounts)) mounts.set(path, 'read');
  if (checked !== undefined) mounts.set(checked, 'data');
  return [...mounts].map(([path, how]) => ({ path, how })).sort((a, b) => depth(a.path) - depth(b.path));
}

/** The arguments of bwrap. */
export function mountArguments(mounts: readonly Mount[]): string[] {
  return mounts.flatMap(({ path, how }) => {
    if (how === 'data') return ['--perms', '0555', '--ro-bind-data', '3', path];
    return [how === 'write' ? '--bind' : '--ro-bind', path, path];
  });
}

function named(option: string, paths: readonly string[]): Promise<void>[] {
  return paths.map(async (path) => {
    if ((await stat(path).catch(() => undefined)) !== undefined) return;
    throw new OptionsError(
      `${path} in the \`${option}\` option of sandboxRunner does not exist, or this user may not reach it: create it, or correct the option.`,
    );
  });
}

/** The paths, and where they lead to if they are links: a program finds itself and its libraries by that. */
async function withTargets(paths: readonly string[]): Promise<string[]> {
  const real = await Promise.all(paths.map((path) => realpath(path).catch(() => path)));
  return [...new Set([...paths, ...real])];
}

/** Whether a file can be read, and not written, without a mount of its own. */
function isShown(path: string, mounts: ReadonlyMap<string, Mount['how']>): boolean {
  const outer = [...mounts.keys()].filter((folder) => path === folder || path.startsWith(`${folder}/`));
  const nearest = outer.sort((a, b) => b.length - a.length)[0];
  return nearest === undefined ? isOfSystem(path) : mounts.get(nearest) === 'read';
}

function depth(path: string): number {
  return path.split('/').length;
}
