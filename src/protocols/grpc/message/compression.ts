import { gunzip, inflate, type ZlibOptions } from 'node:zlib';
import { ProtocolError } from '../../../errors.js';

/** Decompresses one message. Rejects with ProtocolError. */
export type Decompress = (message: Uint8Array) => Promise<Uint8Array>;

/** A received message while it is being decompressed. */
export class Decompression {
  readonly compressedBytes: number;
  #message: Uint8Array | undefined;
  #error: Error | undefined;

  /** `onSettled` is called when `take` gives the message or throws. */
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

/** Limits what a message decompresses to, whatever the message limit is: a few hundred bytes can decompress to gigabytes. */
const MAX_DECOMPRESSED_BYTES = 256 * 1024 * 1024;
/** zlib gives its output to the event loop in pieces of this size. */
const PIECE_BYTES = 256 * 1024;

/**
 * Decompresses the messages of a stream with this `grpc-encoding`; undefined when they are not compressed. A message that decompresses to
 * more than `maxMessageBytes` or 256 MiB is an error. The work is done in libuv's thread pool.
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
