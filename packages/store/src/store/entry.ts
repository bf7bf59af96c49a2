import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tree } from '../archive/tree.js';
import { verifyTree } from '../archive/verify-tree.js';
import { type Digest, hexOf, isDigest } from '../digest.js';
import { StoreError } from '../errors.js';

/** Is written last: without it a directory of the store is nothing. */
export const COMPLETE_FILE = '.complete';

const MAX_RECORD_BYTES = 4096;

/** An unpacked archive in the store. */
export interface Entry {
  /** The plugin's folder, with what the archive has and nothing else. */
  readonly folder: string;
  /** `h1:…` of what was unpacked from the verified archive. */
  readonly files: string;
}

/** The directory of an archive in the store. */
export function entryDirectory(root: string, archive: Digest): string {
  return join(root, hexOf(archive));
}

/** The plugin's folder in the directory of its archive. */
export function folderIn(directory: string): string {
  return join(directory, 'files');
}

/** The unpacked archive; undefined when it is not there or not complete. Its files are not looked at. Rejects with StoreError ERR_STORE. */
export async function readEntry(root: string, archive: Digest): Promise<Entry | undefined> {
  const directory = entryDirectory(root, archive);
  const path = join(directory, COMPLETE_FILE);
  try {
    if ((await stat(path)).size > MAX_RECORD_BYTES) return undefined;
    const record: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isRecordOf(record, archive) ? { folder: folderIn(directory), files: record.files } : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Half a record, after a power failure, is as none.
    if (code === 'ENOENT' || code === 'ENOTDIR' || error instanceof SyntaxError) return undefined;
    throw new StoreError('ERR_STORE', `The store's file ${path} cannot be read: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}

/** The text that says that an entry is complete. */
export function formatRecord(archive: Digest, files: string): string {
  return `${JSON.stringify({ archive, files })}\n`;
}

/** Reads all files of an entry again, and resolves with them. Rejects with StoreError ERR_STORE when they are not those that were verified. */
export async function verifyEntry({ folder, files }: Entry, locked: string | undefined, what: string): Promise<Tree> {
  try {
    return await verifyTree(folder, locked ?? files);
  } catch (cause) {
    throw new StoreError(
      'ERR_STORE',
      `${what} is not what was installed. ${(cause as Error).message} Install it again: \`rxplug plugin install\`. If that happens again, look who writes there.`,
      { cause },
    );
  }
}

function isRecordOf(record: unknown, archive: Digest): record is { readonly files: string } {
  if (typeof record !== 'object' || record === null || !('archive' in record) || !('files' in record)) return false;
  return isDigest(record.archive) && record.archive === archive && typeof record.files === 'string';
}
