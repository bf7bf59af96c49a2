import { ByteReader } from './byte-reader.js';
import { type Extended, parsePax } from './pax.js';
import { malformed, refusedEntry } from './refused.js';
import { BLOCK_BYTES, parseHeader, type TarHeader, utf8 } from './tar-header.js';

/** An entry of an archive: nothing of it is checked but its kind. */
export interface TarEntry {
  readonly kind: 'file' | 'directory';
  readonly name: string;
  readonly isExecutable: boolean;
  /** Bytes. */
  readonly size: number;
}

/** Of an extended header: a path, and little else. */
const MAX_EXTENDED_BYTES = 8192;

/** What else there is; a plugin needs none of it. */
const REFUSED: Readonly<Record<string, string>> = {
  '1': 'it is a hard link',
  '2': 'it is a symbolic link',
  '3': 'it is a device',
  '4': 'it is a device',
  '6': 'it is a named pipe',
  K: 'it is a link with a long name',
  S: 'it is a sparse file',
};

/** The headers that stand before the one of an entry, and name it. */
const EXTENDED = 'xgL';

/**
 * Reads a tar archive: calls `onEntry` for each file and directory, in their order, with the content of a file, which is skipped where it
 * is not read. Rejects with StoreError ERR_ARCHIVE for every other kind of entry, and for what readers of tar archives do not agree on.
 */
export async function readTar(
  source: AsyncIterable<Uint8Array>,
  onEntry: (entry: TarEntry, content: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const reader = new ByteReader(source);
  try {
    for (let entry = await nextEntry(reader); entry !== undefined; entry = await nextEntry(reader)) {
      const content = reader.portions(entry.size + paddingOf(entry.size));
      await onEntry(entry, firstBytes(content, entry.size));
      for await (const _ of content);
    }
    for await (const chunk of reader.rest())
      if (chunk.some((byte) => byte !== 0)) throw malformed('there are bytes after its last entry');
  } finally {
    await reader.close();
  }
}

/** Undefined at the end of the archive, which two blocks of zeros are. */
async function nextEntry(reader: ByteReader): Promise<TarEntry | undefined> {
  let extended: Extended | undefined;
  for (;;) {
    const block = await reader.read(BLOCK_BYTES);
    if (isZero(block)) {
      if (extended !== undefined) throw malformed('an extended header has no entry');
      if (!isZero(await reader.read(BLOCK_BYTES))) throw malformed('it ends and goes on');
      return undefined;
    }
    const header = parseHeader(block);
    if (!EXTENDED.includes(header.type)) return entryOf(header, extended ?? {});
    const given = await readExtended(reader, header);
    // A global header is only taken where it says nothing, as that of `git archive`.
    if (header.type === 'g' && (given.path ?? given.size) !== undefined)
      throw malformed('a global header names all entries');
    if (header.type === 'g') continue;
    if (extended !== undefined) throw malformed('an entry has two extended headers');
    extended = given;
  }
}

async function readExtended(reader: ByteReader, { type, size }: TarHeader<Buffer>): Promise<Extended> {
  if (size > MAX_EXTENDED_BYTES) throw malformed(`an extended header has more than ${MAX_EXTENDED_BYTES} bytes`);
  const body = await reader.read(size);
  await reader.read(paddingOf(size));
  if (type !== 'L') return parsePax(body);
  if (size < 2 || body.indexOf(0) !== size - 1) throw malformed('a long name does not end with its only NUL');
  return { path: utf8(body.subarray(0, size - 1)) };
}

function entryOf({ name: short, mode, size, type }: TarHeader<Buffer>, extended: Extended): TarEntry {
  const name = extended.path ?? utf8(short);
  if (extended.size !== undefined && extended.size !== String(size)) throw refusedEntry(name, 'it has two sizes');
  if (type !== '0' && type !== '5')
    throw refusedEntry(name, REFUSED[type] ?? `it is of an unknown kind, ${JSON.stringify(type)}`);
  const isDirectory = type === '5';
  if (isDirectory && size !== 0) throw refusedEntry(name, 'it is a directory with content');
  if (!isDirectory && name.endsWith('/')) throw refusedEntry(name, 'it is a file with the name of a directory');
  return { kind: isDirectory ? 'directory' : 'file', name, isExecutable: (mode & 0o100) !== 0, size };
}

/** Leaves the rest to be read. */
async function* firstBytes(content: AsyncGenerator<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  for (let left = size; left > 0; ) {
    const { value, done } = await content.next();
    if (done === true) return;
    yield value.subarray(0, left);
    left -= value.length;
  }
}

function paddingOf(size: number): number {
  return -size & (BLOCK_BYTES - 1);
}

function isZero(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}
