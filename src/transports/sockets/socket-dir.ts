import { lstatSync, mkdtempSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { errorMessage, TransportError } from '../../errors.js';
import { removeAtExit, removeNow, type SocketPlace } from './leftovers.js';
import { giveToGroup } from './socket-group.js';

/** Beginning of the name of every private directory (go-plugin client.go Start). */
export const SOCKET_DIR_PREFIX = 'plugin-dir';

/** Where a private directory is made, and who may enter it. */
export interface SocketDirOptions {
  /** Where the directory is made. @default os.tmpdir() */
  readonly tempDir?: string;
  /** Name or number of the group that may enter it; the mode is then 0770 instead of 0700. */
  readonly group?: string;
  /** Leaves it there when this process exits. @default false */
  readonly outlivesProcess?: boolean;
}

/** A private directory for unix sockets. */
export interface SocketDir {
  readonly path: string;
  /** Removes the directory with all that is in it. Idempotent; also done when this process exits. */
  remove(): void;
}

/** Makes a private directory, mode 0700. Rejects with TransportError ERR_LISTEN. */
export async function createSocketDir(options: SocketDirOptions = {}): Promise<SocketDir> {
  const { tempDir = tmpdir(), group, outlivesProcess = false } = options;
  const path = makeIn(tempDir);
  const place: SocketPlace = { directory: path };
  if (!outlivesProcess) removeAtExit(place);
  try {
    if (group !== undefined) await giveToGroup(path, group, 0o770);
  } catch (error) {
    removeNow(place);
    throw error;
  }
  return { path, remove: () => removeNow(place) };
}

/** Not the asynchronous form: after it Node 24.21 loses an exception that is thrown in the same turn, and the process lives on. */
function makeIn(tempDir: string): string {
  try {
    return mkdtempSync(join(tempDir, SOCKET_DIR_PREFIX));
  } catch (cause) {
    throw new TransportError(
      'ERR_LISTEN',
      `No directory for unix sockets could be made in ${tempDir} (${reasonOf(cause)}): make room and permission there, or set TMPDIR to another directory.`,
      { cause },
    );
  }
}

/**
 * Removes a private directory, and the sockets in it, that nobody else will remove: its owner is gone. Leaves alone what is not a
 * private directory of ours by name, and what holds anything but sockets. Never throws.
 */
export function removeAbandonedSocketDir(path: string | undefined): void {
  if (path === undefined || !basename(path).startsWith(SOCKET_DIR_PREFIX)) return;
  try {
    if (!lstatSync(path).isDirectory()) return;
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isSocket()) unlinkSync(join(path, entry.name));
    }
    rmdirSync(path);
  } catch {}
}

/** What an error of the system says, in its own words. */
export function reasonOf(cause: unknown): string {
  return errorMessage(cause);
}
