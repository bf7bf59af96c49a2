import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, createDeflateRaw } from 'node:zlib';
import type { Digest } from '../digest.js';
import { StoreError } from '../errors.js';
import { EntryNames } from './entry-names.js';
import { checkedPath } from './entry-path.js';
import { DEFAULT_LIMITS } from './limits.js';
import { formatPaxPath } from './pax.js';
import { malformed } from './refused.js';
import { BLOCK_BYTES, formatHeader, type TarHeader } from './tar-header.js';
import { listTree, type TreeEntry } from './tree.js';

/** An archive that was written. */
export interface PackedArchive {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** gzip, deflate, no time, no flags, best compression, unknown system. */
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);

/**
 * Packs what is in a folder into a `.tar.gz`: sorted, without owners and times, modes 0755 and 0644. The same files give the same bytes
 * with the same Node. Rejects with StoreError: ERR_ARCHIVE for a name that `unpackArchive` refuses, ERR_STORE for a link and the like,
 * and for a file that changes meanwhile. The file appears when it is whole; one that is there is replaced.
 *
 * @example
 * ```ts
 * const { digest, size } = await packArchive('dist', 'kv_1.4.2_any.tgz');
 * ```
 */
export async function packArchive(folder: string, file: string): Promise<PackedArchive> {
  const unfinished = `${file}.${process.pid}.part`;
  const output = await open(unfinished, 'wx', 0o644);
  try {
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of gzip(tar(folder))) {
      hash.update(chunk);
      size += chunk.length;
      await output.writeFile(chunk);
    }
    await output.close();
    await rename(unfinished, file);
    return { digest: `sha256:${hash.digest('hex')}`, size };
  } catch (error) {
    await output.close();
    await rm(unfinished, { force: true });
    throw error;
  }
}

async function* tar(folder: string): AsyncGenerator<Buffer, void, undefined> {
  const entries = await listTree(folder);
  if (entries.length > DEFAULT_LIMITS.maxEntries)
    throw malformed(`it would have more than ${DEFAULT_LIMITS.maxEntries} entries`);
  const names = new EntryNames();
  for (const entry of entries) {
    names.add(checkedPath(entry.path), entry.kind);
    yield* headersOf(entry);
    if (entry.kind === 'file') yield* contentOf(join(folder, entry.path), entry.size);
  }
  yield Buffer.alloc(2 * BLOCK_BYTES);
}

function* headersOf(entry: TreeEntry): Generator<Buffer, void, undefined> {
  const isFile = entry.kind === 'file';
  const name = isFile ? entry.path : `${entry.path}/`;
  const mode = isFile && !entry.isExecutable ? 0o644 : 0o755;
  const rest: Omit<TarHeader, 'name'> = { mode, size: isFile ? entry.size : 0, type: isFile ? '0' : '5' };
  const header = formatHeader({ name, ...rest });
  if (header !== undefined) return yield header;
  const path = formatPaxPath(name);
  yield formatHeader({ name: 'PaxHeaders/path', mode: 0o644, size: path.length, type: 'x' })!;
  yield Buffer.concat([path, padding(path.length)]);
  yield formatHeader({ name: isFile ? 'long-name' : 'long-name/', ...rest })!;
}

async function* contentOf(file: string, size: number): AsyncGenerator<Buffer, void, undefined> {
  let read = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    read += chunk.length;
    if (read > size) break;
    yield chunk;
  }
  if (read !== size) throw new StoreError('ERR_STORE', `${file} was changed while it was packed. Pack it again.`);
  yield padding(size);
}

async function* gzip(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let [crc, size] = [0, 0];
  const deflate = createDeflateRaw({ level: 9 });
  const feed = async () => {
    for await (const chunk of source) {
      if (deflate.destroyed) return;
      crc = crc32(chunk, crc);
      size += chunk.length;
      if (chunk.length > 0) await new Promise<void>((resolve) => deflate.write(chunk, () => resolve()));
    }
    deflate.end();
  };
  // One that happens before it is read is told by the reading.
  deflate.on('error', () => undefined);
  const fed = feed();
  fed.catch((error: unknown) => deflate.destroy(error as Error));
  yield GZIP_HEADER;
  yield* deflate as AsyncIterable<Buffer>;
  await fed;
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc, 0);
  trailer.writeUInt32LE(size % 2 ** 32, 4);
  yield trailer;
}

function padding(size: number): Buffer {
  return Buffer.alloc(-size & (BLOCK_BYTES - 1));
}
