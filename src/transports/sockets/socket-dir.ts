import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorMessage, TransportError } from '../../errors.js';
import { describeThisProcessNow, type ProcessDescription } from '../../processes/this-process.js';
import { removeAtExit, removeNow, type SocketPlace } from './exit-cleanup.js';
import { noteOwners, replaceOwners } from './owner-file.js';
import { giveToGroup } from './socket-group.js';
import { SOCKET_DIR_PREFIX } from './sweep.js';

/** Options of `createSocketDir`. */
export interface SocketDirOptions {
  /** Parent of the directory. @default os.tmpdir() */
  readonly tempDir?: string;
  /** Name or number of the group that may enter it; the mode is then 0770 instead of 0700. */
  readonly group?: string;
  /** Does not remove the directory when this process exits. @default false */
  readonly outlivesProcess?: boolean;
}

/** A private directory for unix sockets. */
export interface SocketDir {
  readonly path: string;
  /** Notes whose sockets are in it: this process's, until this is called; nobody's that is known, for an empty list. Never throws. */
  noteOwners(owners: readonly ProcessDescription[]): void;
  /** Removes the directory with all files in it. Idempotent; also done when this process exits. */
  remove(): void;
}

/** Creates a private directory, mode 0700, or 0770 for a group. Rejects with TransportError ERR_LISTEN. */
export async function createSocketDir(options: SocketDirOptions = {}): Promise<SocketDir> {
  const { tempDir = tmpdir(), group, outlivesProcess = false } = options;
  const path = makeIn(tempDir);
  const place: SocketPlace = { directory: path };
  if (!outlivesProcess) removeAtExit(place);
  noteOwners(path, [describeThisProcessNow()]);
  try {
    if (group !== undefined) await giveToGroup(path, group, 0o770);
  } catch (error) {
    removeNow(place);
    throw error;
  }
  const shared = group !== undefined;
  return {
    path,
    noteOwners: (owners) => replaceOwners(path, owners, { shared }),
    remove: () => removeNow(place),
  };
}

/** Synchronous: after the asynchronous form Node 24.21 loses an exception that is thrown in the same turn, and the process goes on. */
function makeIn(tempDir: string): string {
  try {
    return mkdtempSync(join(tempDir, SOCKET_DIR_PREFIX));
  } catch (cause) {
    throw new TransportError(
      'ERR_LISTEN',
      `No directory for unix sockets could be created in ${tempDir} (${errorMessage(cause)}): check free space and permissions there, or set TMPDIR to another directory.`,
      { cause },
    );
  }
}
