import { once } from 'node:events';
import { type Duplex, pipeline, type Readable } from 'node:stream';
import zlib from 'node:zlib';
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

/** How a layer is packed. */
export type Packing = 'none' | 'gzip' | 'zstd';

/** Node has it from 22.15 and 23.8 on. */
const { createZstdDecompress: unzstd }: typeof zlib & { readonly createZstdDecompress?: () => Duplex } = zlib;

/** The first byte of gzip, and of no name. */
const GZIP_MAGIC = 0x1f;

/**
 * Reads a layer of a container image, packed or not, to its end: calls `onEntry` for each entry, which has to read the content at once, or not
 * at all. Rejects with StoreError ERR_ARCHIVE, and with what the stream fails with; the stream is destroyed.
 */
export async function readLayer(
  layer: Readable,
  packing: Packing,
  what: string,
  onEntry: (entry: LayerEntry) => void,
): Promise<void> {
  const unpacked = unpackedOf(layer, packing, what);
  const { parser, failure } = entriesParser(what, onEntry);
  try {
    let bytes = 0;
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      if (bytes === 0 && chunk[0] === GZIP_MAGIC) throw malformed(what, 'it is packed otherwise than it says');
      bytes += chunk.length;
      if (bytes > MAX_UNPACKED_BYTES) throw malformed(what, `it has more than ${MAX_UNPACKED_BYTES} bytes`);
      if (!parser.write(chunk) && failure() === undefined) await once(parser, 'drain');
      if (failure() !== undefined) break;
    }
    if (failure() === undefined) {
      const ended = once(parser, 'end');
      parser.end();
      await ended;
    }
  } catch (error) {
    throw failure() ?? (isOfZlib(error) ? malformed(what, error.message) : error);
  } finally {
    layer.destroy();
    unpacked.destroy();
  }
  const failed = failure();
  if (failed !== undefined) throw failed;
}

/** Reads the entries of a layer. `failure` is the first that has gone wrong. */
function entriesParser(what: string, onEntry: (entry: LayerEntry) => void) {
  let entries = 0;
  let failure: Error | undefined;
  const parser = new Parser({
    strict: true,
    // What is packed twice would not be counted.
    zstd: false,
    onReadEntry: (entry) => {
      if (++entries > MAX_ENTRIES) failure ??= malformed(what, `it has more than ${MAX_ENTRIES} entries`);
      else failure ??= failureOf(() => onEntry(entryOf(entry)));
      // What nobody reads is skipped.
      entry.resume();
    },
  });
  parser.on('error', (error: unknown) => (failure ??= malformed(what, (error as Error).message)));
  return { parser, failure: () => failure };
}

/** What a call throws. */
function failureOf(call: () => void): Error | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

function unpackedOf(layer: Readable, packing: Packing, what: string): Readable {
  if (packing === 'none') return layer;
  const unpacker = packing === 'gzip' ? zlib.createGunzip() : unzstd?.();
  if (unpacker !== undefined) return pipeline(layer, unpacker, () => undefined);
  layer.destroy();
  throw new StoreError(
    'ERR_SOURCE',
    `${what} is packed by zstd, which Node can unpack from 22.15 on, and this is ${process.version}. Use a newer Node, or ask who publishes the image for layers in gzip.`,
  );
}

function isOfZlib(error: unknown): error is Error {
  return error instanceof Error && /^(?:Z_|ZSTD_|ERR_ZSTD)/.test(String((error as NodeJS.ErrnoException).code));
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
