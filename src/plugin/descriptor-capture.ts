import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Where the bytes go. `done` is called once they were taken; a writer that waits for it writes at the reader's pace. */
export type TakeBytes = (bytes: Uint8Array, done?: (error?: Error | null) => void) => void;

/** What writes to a descriptor. `fs.appendFile`, `fs.createWriteStream` and the like come down to these. */
const WRITERS = ['write', 'writeSync', 'writev', 'writevSync', 'writeFileSync'] as const;

type WriterName = (typeof WRITERS)[number];
type Writer = (target: unknown, data: unknown, ...rest: unknown[]) => unknown;
type Settle = (error: unknown, written?: number, data?: unknown) => void;

const writers = fs as unknown as Record<WriterName, Writer>;

/** A capture in force. */
interface Capture {
  readonly fd: number;
  readonly take: TakeBytes;
  /** Also writes to the descriptor. */
  readonly tee: boolean;
  isActive: boolean;
}

/**
 * Captures what this thread writes to a file descriptor by `node:fs`, past the stream of `process` for it: what loggers do (sonic-boom,
 * which is pino's default), also one that was made before. It replaces functions of `node:fs`, so that it does not see native code, other
 * threads, child processes, and functions that a CommonJS module took out of `node:fs` before (`const { writeSync } = require('fs')`).
 * Returns a function that ends it; idempotent.
 */
export function captureDescriptor(fd: number, take: TakeBytes, options: { readonly tee: boolean }): () => void {
  const capture: Capture = { fd, take, tee: options.tee, isActive: true };
  const restores = WRITERS.map((name) => replace(name, capture));
  // Modules that import a function by its name see what it is now.
  syncBuiltinESMExports();
  return () => {
    if (!capture.isActive) return;
    capture.isActive = false;
    for (const restore of restores) restore();
    syncBuiltinESMExports();
  };
}

/** Replaces a function; what it carries, as for `util.promisify`, stays. Returns a function that undoes it, unless another one came on top. */
function replace(name: WriterName, capture: Capture): () => void {
  const original = writers[name];
  const replacement: Writer = (target, data, ...rest) =>
    capture.isActive && target === capture.fd && isData(data)
      ? perform({ name, original, data, rest }, capture)
      : original(target, data, ...rest);
  Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original));
  writers[name] = replacement;
  return () => {
    if (writers[name] === replacement) writers[name] = original;
  };
}

type Data = string | ArrayBufferView | readonly ArrayBufferView[];

/** A call of a writer, without its descriptor. */
interface WriterCall {
  readonly name: WriterName;
  readonly original: Writer;
  readonly data: Data;
  readonly rest: readonly unknown[];
}

function perform({ name, original, data, rest }: WriterCall, { fd, take, tee }: Capture): unknown {
  const bytes = name === 'writeFileSync' ? bytesOf(data, [undefined, encodingOf(rest[0])]) : bytesOf(data, rest);
  const isAsynchronous = name === 'write' || name === 'writev';
  const settle = isAsynchronous ? (rest.at(-1) as Settle) : undefined;
  // A missing callback is for Node to complain about.
  if (tee || (isAsynchronous && typeof settle !== 'function')) {
    const outcome = original(fd, data, ...rest);
    take(bytes);
    return outcome;
  }
  take(bytes, settle && ((error) => settle(error ?? null, bytes.length, data)));
  return isAsynchronous || name === 'writeFileSync' ? undefined : bytes.length;
}

function isData(data: unknown): data is Data {
  return (
    typeof data === 'string' ||
    ArrayBuffer.isView(data) ||
    (Array.isArray(data) && data.every((part) => ArrayBuffer.isView(part)))
  );
}

/** What follows the data: `position, encoding` of a text, `offset, length` or an object with them of bytes. */
function bytesOf(data: Data, [first, second]: readonly unknown[]): Uint8Array {
  if (typeof data === 'string')
    return Buffer.from(data, typeof second === 'string' ? (second as BufferEncoding) : 'utf8');
  if (!ArrayBuffer.isView(data)) return Buffer.concat(data.map((part) => bytesOf(part, [])));
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const range =
    typeof first === 'object' && first !== null ? (first as { offset?: unknown; length?: unknown }) : undefined;
  const offset = numberOr(0, range === undefined ? first : range.offset);
  const length = numberOr(bytes.length - offset, range === undefined ? second : range.length);
  return bytes.subarray(offset, offset + length);
}

function numberOr(fallback: number, value: unknown): number {
  return typeof value === 'number' ? value : fallback;
}

function encodingOf(options: unknown): unknown {
  return typeof options === 'object' && options !== null && 'encoding' in options ? options.encoding : options;
}
