import { once } from 'node:events';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { StoreError } from '../../errors.js';
import { quote } from '../../quote.js';

/** Entries of one layer. */
const MAX_ENTRIES = 500_000;
/** Bytes of one layer, unpacked. */
const MAX_UNPACKED_BYTES = 16 * 1024 ** 3;

/** An entry of a layer. Its content is skipped unless it is read. */
export interface LayerEntry {
  /** Without `./` and `/` before it, and without `/` after it. */
  readonly path: string;
  readonly type: 'file' | 'hard link' | 'symbolic link' | 'directory' | 'other';
  /** Where a link leads to, as it is written. */
  readonly target: string;
  readonly size: number;
  readonly content: ReadEntry;
}

const TYPES: Readonly<Record<string, LayerEntry['type']>> = {
  File: 'file',
  OldFile: 'file',
  ContiguousFile: 'file',
  Link: 'hard link',
  SymbolicLink: 'symbolic link',
  Directory: 'directory',
};

/**
 * Reads a layer of a container image, packed or not, to its end: calls `onEntry` for each entry, which has to read the content at once, or not
 * at all. Rejects with StoreError ERR_ARCHIVE, and with what the stream fails with; the stream is destroyed.
 */
export async function readLayer(
  layer: Readable,
  isPacked: boolean,
  what: string,
  onEntry: (entry: LayerEntry) => void,
): Promise<void> {
  const unpacked = isPacked ? pipeline(layer, createGunzip(), () => undefined) : layer;
  let entries = 0;
  let failure: Error | undefined;
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      if (++entries > MAX_ENTRIES) failure ??= malformed(what, `it has more than ${MAX_ENTRIES} entries`);
      else onEntry(entryOf(entry));
      // What nobody reads is skipped.
      entry.resume();
    },
  });
  parser.on('error', (error: unknown) => (failure ??= malformed(what, (error as Error).message)));
  try {
    let bytes = 0;
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_UNPACKED_BYTES) failure ??= malformed(what, `it has more than ${MAX_UNPACKED_BYTES} bytes`);
      if (failure !== undefined) throw failure;
      if (!parser.write(chunk)) await once(parser, 'drain');
    }
    const ended = once(parser, 'end');
    parser.end();
    await ended;
    if (failure !== undefined) throw failure;
  } catch (error) {
    throw String((error as NodeJS.ErrnoException).code).startsWith('Z_')
      ? malformed(what, (error as Error).message)
      : error;
  } finally {
    layer.destroy();
    unpacked.destroy();
  }
}

function entryOf(entry: ReadEntry): LayerEntry {
  return {
    path: layerPath(entry.path),
    type: TYPES[entry.type] ?? 'other',
    target: entry.linkpath ?? '',
    size: entry.size,
    content: entry,
  };
}

/** A path in an image, as all of them are compared. */
export function layerPath(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

export function malformed(what: string, why: string): StoreError {
  return new StoreError('ERR_ARCHIVE', `${what} cannot be read: ${quote(why)}. Ask who publishes it.`);
}
