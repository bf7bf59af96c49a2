import { gunzip, inflate, type ZlibOptions } from 'node:zlib';
import { ProtocolError } from '../../../errors.js';

/** Undoes the compression that a stream's `grpc-encoding` names. Rejects with ProtocolError. */
export type Decompress = (message: Uint8Array) => Promise<Uint8Array>;

/** A compressed message that was received, and what becomes of it. */
export class Decompression {
  readonly compressedBytes: number;
  #message: Uint8Array | undefined;
  #error: Error | undefined;

  /** `onSettled` is called when `take` no longer returns undefined. */
  constructor(message: Uint8Array, decompress: Decompress, onSettled: () => void) {
    this.compressedBytes = message.length;
    decompress(message)
      .then(
        (decompressed) => (this.#message = decompressed),
        (error: Error) => (this.#error = error),
      )
      .finally(onSettled);
  }

  /** The message; undefined while it is being decompressed. Throws ProtocolError. */
  take(): Uint8Array | undefined {
    if (this.#error !== undefined) throw this.#error;
    return this.#message;
  }
}

/** Sent as `grpc-accept-encoding`. */
export const ACCEPTED_ENCODINGS = 'identity,deflate,gzip';

/** Whether messages of this `grpc-encoding` can be read here. */
export function isKnownEncoding(encoding: string): boolean {
  return ACCEPTED_ENCODINGS.split(',').includes(encoding);
}

/** A few hundred bytes can decompress to any size: the limit where messages have a higher one, or none. */
const MAX_DECOMPRESSED_BYTES = 256 * 1024 * 1024;
/** zlib's output arrives on the event loop in pieces of this size. */
const PIECE_BYTES = 256 * 1024;

/**
 * How to read the messages of a stream with this `grpc-encoding`; undefined when they are not compressed. A message may decompress to
 * `maxMessageBytes`, and never to more than 256 MiB. The work is done in libuv's thread pool.
 */
export function decompressor(encoding: string | undefined, maxMessageBytes: number): Decompress | undefined {
  if (encoding === undefined || encoding === 'identity') return undefined;
  const options = { maxOutputLength: Math.min(maxMessageBytes, MAX_DECOMPRESSED_BYTES), chunkSize: PIECE_BYTES };
  if (encoding === 'gzip') return (message) => run(gunzip, message, options);
  if (encoding === 'deflate') return (message) => run(inflate, message, options);
  return async () => {
    const accepted = `Accepted are ${ACCEPTED_ENCODINGS}.`;
    throw new ProtocolError('ERR_BAD_FRAME', `The peer compresses with "${encoding.slice(0, 40)}". ${accepted}`);
  };
}

type Done = (error: Error | null, result: Uint8Array) => void;

function run(
  decompress: (message: Uint8Array, options: ZlibOptions, done: Done) => void,
  message: Uint8Array,
  options: ZlibOptions & { readonly maxOutputLength: number },
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    decompress(message, options, (cause, result) => {
      if (cause === null) resolve(result);
      else reject(failure(cause, options.maxOutputLength));
    });
  });
}

function failure(cause: Error, maxBytes: number): ProtocolError {
  if (cause instanceof RangeError) {
    const text = `A compressed message decompresses to more than ${maxBytes} bytes, the limit.`;
    return new ProtocolError('ERR_LIMIT_EXCEEDED', text, { cause });
  }
  return new ProtocolError('ERR_BAD_FRAME', 'A compressed message could not be decompressed.', { cause });
}
