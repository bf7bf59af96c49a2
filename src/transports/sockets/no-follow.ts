import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, type Stats } from 'node:fs';

/** O_PATH of open(2), which Node does not export: names a file of any kind, a socket too, without opening it. Linux. */
const O_PATH = 0o10000000;

/** A file at the end of a path, found without following a symbolic link. */
export interface FoundFile {
  readonly stats: Stats;
  /**
   * A path that leads to this file until `close`, whatever happens to its own path: on Linux by a descriptor. Elsewhere the file's own path,
   * which another user who may write to its directory can still replace.
   */
  readonly path: string;
  /** Idempotent. */
  close(): void;
}

/** Finds a file without following a symbolic link: for a link, `stats` are the link's own. Throws Node's error. */
export function findNoFollow(path: string): FoundFile {
  if (process.platform !== 'linux' || !existsSync('/proc/self/fd')) return { stats: lstatSync(path), path, close() {} };
  const descriptor = openSync(path, O_PATH | constants.O_NOFOLLOW);
  let open = true;
  return {
    stats: fstatSync(descriptor),
    path: `/proc/self/fd/${descriptor}`,
    close() {
      if (open) closeSync(descriptor);
      open = false;
    },
  };
}
