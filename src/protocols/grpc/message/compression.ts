import { gunzipSync, inflateSync } from 'node:zlib';
import { ProtocolError } from '../../../errors.js';
import type { Decompress } from './framing.js';

/** Sent as `grpc-accept-encoding`. */
export const ACCEPTED_ENCODINGS = 'identity,deflate,gzip';

/** Whether messages of this `grpc-encoding` can be read here. */
export function isKnownEncoding(encoding: string): boolean {
  return ACCEPTED_ENCODINGS.split(',').includes(encoding);
}

/** A few hundred bytes can unfold to any size: the limit where the messages themselves have none. */
const MAX_UNFOLDED_BYTES = 256 * 1024 * 1024;

/**
 * How to read the messages of a stream with this `grpc-encoding`; undefined when they are not compressed. Unfolds at most
 * `maxMessageBytes`, and never more than 256 MiB. Works on the spot: compression is the exception between processes of one machine.
 */
export function decompressor(encoding: string | undefined, maxMessageBytes: number): Decompress | undefined {
  const maxOutputLength = Math.min(maxMessageBytes, MAX_UNFOLDED_BYTES);
  if (encoding === undefined || encoding === 'identity') return undefined;
  if (encoding === 'gzip') return (message) => unfold(() => gunzipSync(message, { maxOutputLength }), maxOutputLength);
  if (encoding === 'deflate')
    return (message) => unfold(() => inflateSync(message, { maxOutputLength }), maxOutputLength);
  return () => {
    const known = `It may use ${ACCEPTED_ENCODINGS}.`;
    throw new ProtocolError('ERR_BAD_FRAME', `The peer compresses with "${encoding.slice(0, 40)}". ${known}`);
  };
}

function unfold(decompress: () => Uint8Array, maxBytes: number): Uint8Array {
  try {
    return decompress();
  } catch (cause) {
    if (cause instanceof RangeError) {
      const text = `A compressed message unfolds to more than ${maxBytes} bytes, the limit.`;
      throw new ProtocolError('ERR_LIMIT_EXCEEDED', text, { cause });
    }
    throw new ProtocolError('ERR_BAD_FRAME', 'A compressed message could not be unfolded.', { cause });
  }
}
