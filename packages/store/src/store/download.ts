import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type Digest, hexOf } from '../digest.js';
import { StoreError } from '../errors.js';
import type { PluginSource, ReleaseFile } from '../sources/source.js';

/** Attempts in a row that bring no byte. */
const MAX_FRUITLESS = 3;
/** Attempts that bring the file less than this further, all together. */
const MAX_SLOW = 20;
const PROGRESS_BYTES = 1024 * 1024;

/** How a file is fetched. */
export interface DownloadOptions {
  readonly signal?: AbortSignal;
  /** Told after each piece: how many bytes are there. */
  readonly onBytes?: (bytes: number) => void;
}

/** A file that is being fetched: what is in it has gone through the hash. */
interface Part {
  readonly handle: FileHandle;
  hash: Hash;
  bytes: number;
}

/**
 * Fetches a file of a release to a path, and goes on where an interrupted stream or an earlier process has ended. Size and digest are
 * compared while it comes: nothing is written beyond the size. Rejects with StoreError: ERR_SIZE, ERR_DIGEST, or as the source does.
 */
export async function download(
  source: PluginSource,
  file: ReleaseFile,
  path: string,
  options: DownloadOptions = {},
): Promise<void> {
  const handle = await open(path, 'a+', 0o600);
  try {
    const part: Part = { handle, hash: createHash('sha256'), bytes: 0 };
    const before = await readBefore(part, path, file.size);
    await fetchRest(source, file, part, options);
    if (isComplete(part, file)) return;
    if (before === 0) throw wrongDigest(source, file, part);
    // What an earlier process has left may be damaged, as after a power failure.
    await restart(part);
    await fetchRest(source, file, part, options);
    if (!isComplete(part, file)) throw wrongDigest(source, file, part);
  } finally {
    await handle.close();
  }
}

/** Takes what is there into the hash; what is longer than the file is nothing of it. */
async function readBefore(part: Part, path: string, size: number): Promise<number> {
  const { size: there } = await part.handle.stat();
  if (there > size) await restart(part);
  else if (there > 0)
    for await (const chunk of createReadStream(path)) {
      part.hash.update(chunk as Buffer);
      part.bytes += (chunk as Buffer).length;
    }
  return part.bytes;
}

async function restart(part: Part): Promise<void> {
  await part.handle.truncate(0);
  part.hash = createHash('sha256');
  part.bytes = 0;
}

async function fetchRest(source: PluginSource, file: ReleaseFile, part: Part, options: DownloadOptions): Promise<void> {
  let [fruitless, slow, reached] = [0, 0, part.bytes];
  while (part.bytes < file.size) {
    const { bytes } = part;
    const error = await fetchOnce(source, file, part, options);
    options.signal?.throwIfAborted();
    if (part.bytes === file.size) return;
    fruitless = part.bytes > bytes ? 0 : fruitless + 1;
    const isFurther = part.bytes >= reached + PROGRESS_BYTES;
    if (isFurther) reached = part.bytes;
    slow = isFurther ? 0 : slow + 1;
    if (fruitless < MAX_FRUITLESS && slow < MAX_SLOW) continue;
    throw (error as Error | undefined) ?? tooShort(source, file, part);
  }
}

/** One stream, as far as it comes. Resolves with what has ended it too early; rejects with what another stream would not mend. */
async function fetchOnce(
  source: PluginSource,
  file: ReleaseFile,
  part: Part,
  { signal, onBytes }: DownloadOptions,
): Promise<unknown> {
  const from = part.bytes;
  const { offset, stream } = await source.open(file, { offset: from, ...(signal === undefined ? {} : { signal }) });
  try {
    if (offset !== from) await restart(part);
    if (offset !== from && offset !== 0)
      throw new StoreError(
        'ERR_SOURCE',
        `${source.address} was asked for bytes from ${from} and sends from ${offset}.`,
      );
    for await (const piece of piecesOf(stream)) {
      if (piece instanceof Failure) return piece.error;
      if (part.bytes + piece.length > file.size) throw tooLong(source, file);
      await part.handle.appendFile(piece);
      part.hash.update(piece);
      part.bytes += piece.length;
      onBytes?.(part.bytes);
    }
    return undefined;
  } finally {
    stream.destroy();
  }
}

/** Why a stream has ended too early, apart from what fails while its pieces are written. */
class Failure {
  constructor(readonly error: unknown) {}
}

async function* piecesOf(stream: AsyncIterable<unknown>): AsyncIterable<Buffer | Failure> {
  const iterator = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await iterator.next().catch((error: unknown) => new Failure(error));
      if (next instanceof Failure) yield next;
      if (next instanceof Failure || next.done === true) return;
      yield next.value as Buffer;
    }
  } finally {
    await iterator.return?.();
  }
}

function isComplete({ hash }: Part, { digest }: ReleaseFile): boolean {
  return hash.copy().digest('hex') === hexOf(digest);
}

function tooLong({ address }: PluginSource, { size }: ReleaseFile): StoreError {
  return new StoreError(
    'ERR_SIZE',
    `${address} sends more than the ${size} bytes that were announced. Nothing was installed. Ask who publishes it.`,
  );
}

function tooShort({ address }: PluginSource, { size }: ReleaseFile, { bytes }: Part): StoreError {
  return new StoreError(
    'ERR_SIZE',
    `${address} sent ${bytes} bytes of the ${size} that were announced, and further attempts brought little or nothing more. Nothing was installed. Try again later, or ask who publishes it.`,
  );
}

function wrongDigest({ address }: PluginSource, { digest }: ReleaseFile, { hash }: Part): StoreError {
  const actual: Digest = `sha256:${hash.copy().digest('hex')}`;
  return new StoreError(
    'ERR_DIGEST',
    `${address} sent a file with the digest ${actual}, expected was ${digest}. Nothing was installed. If the file was published anew, its version has to be another.`,
  );
}
