import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../../errors.js';
import { quote } from '../../quote.js';
import type { Place } from './place.js';

/** The files of a directory. Locations are names in it; nothing outside is read. */
export function directoryPlace(directory: string): Place {
  const at = (location: string) => join(directory, location);
  return {
    locate: (reference) => nameOf(reference, directory),
    read: (location, maxBytes) => within(at(location), (file, size) => readWhole(file, size, maxBytes, at(location))),
    open: (file, { offset = 0, signal }) =>
      within(at(file.location), async () => ({
        offset,
        // One byte beyond the size, for the reader to see that the file is longer.
        stream: createReadStream(at(file.location), { start: offset, end: file.size, ...(signal && { signal }) }),
      })),
  };
}

function nameOf(reference: string, directory: string): string {
  const name = decoded(reference);
  const parts = name.split('/');
  if (!/[\\:\0]/.test(name) && !parts.some((part) => part === '' || part === '.' || part === '..')) return name;
  throw new StoreError(
    'ERR_SOURCE',
    `${directory} refers to ${quote(reference)}: expected a file below it. Write its index again by \`rxplug plugin index\`.`,
  );
}

function decoded(reference: string): string {
  try {
    return decodeURIComponent(reference.replace(/^\.\//, ''));
  } catch {
    return '..';
  }
}

async function within<T>(path: string, work: (file: FileHandle, size: number) => Promise<T>): Promise<T> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const { size } = await file.stat();
    return await work(file, size);
  } catch (error) {
    throw failure(path, error);
  } finally {
    await file?.close();
  }
}

async function readWhole(file: FileHandle, size: number, maxBytes: number, path: string): Promise<Uint8Array> {
  if (size > maxBytes) throw new StoreError('ERR_SIZE', `${path} has ${size} bytes; at most ${maxBytes} are read.`);
  return file.readFile();
}

function failure(path: string, error: unknown): Error {
  if (error instanceof StoreError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new StoreError('ERR_NOT_FOUND', `${path} is not there. Check the name and the version.`, { cause: error });
  return new StoreError('ERR_SOURCE', `${path} cannot be read: ${message}.`, { cause: error });
}
