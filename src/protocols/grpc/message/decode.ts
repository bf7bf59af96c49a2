import { BinaryReader } from '@bufbuild/protobuf/wire';
import { EMPTY_BYTES } from '../../../wire/bytes.js';
import type { AnyMessageType } from './encode.js';
import { RangeReader } from './range-reader.js';

/** The message in `bytes` from `start` to `end`. Throws what the type's decoder throws. */
export type DecodeMessage = (bytes: Uint8Array, start: number, end: number) => unknown;

/** Generated code's `decode`, called with a reader: reads `length` bytes from it. */
type DecodeFrom = (reader: BinaryReader, length: number) => unknown;

/** The reader of the previous message. */
let spare: RangeReader | undefined;

/** The decoder of a message type. All types share one reader, as far as their generated code accepts it. */
export function decoderOf(type: AnyMessageType): DecodeMessage {
  if (!takesReader(type)) return (bytes, start, end) => type.decode(slice(bytes, start, end));
  const decodeFrom = type.decode.bind(type) as unknown as DecodeFrom;
  return (bytes, start, end) => {
    const reader = spare ?? new RangeReader();
    // Taken while it is in use, and dropped when a decoder throws.
    spare = undefined;
    reader.reset(bytes, start, end);
    const message = decodeFrom(reader, end - start);
    // The reader does not compare fields of a fixed width with the end.
    if (reader.pos > end) throw new RangeError('premature EOF');
    // The spare reader must not keep a chunk in memory that was read to its end.
    if (end === bytes.length) reader.reset(EMPTY_BYTES, 0, 0);
    spare = reader;
    return message;
  };
}

/** The bytes from `start` to `end`; not copied. */
export function slice(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
}

const READER_ACCEPTED = new Error('The reader was read from.'); // never leaves this file

/** Throws READER_ACCEPTED when it is read from. */
class Probe extends BinaryReader {
  override uint32 = (): number => {
    throw READER_ACCEPTED;
  };
}

/**
 * ts-proto's `decode` takes bytes, or a reader and a length. It checks `instanceof BinaryReader`: with a second copy of @bufbuild/protobuf
 * it would take our reader for bytes and decode an empty message. So it is called once with a reader that throws.
 */
function takesReader(type: AnyMessageType): boolean {
  if (type.decode.length !== 2) return false;
  try {
    (type.decode.bind(type) as unknown as DecodeFrom)(new Probe(EMPTY_BYTES), 1);
  } catch (thrown) {
    return thrown === READER_ACCEPTED;
  }
  return false;
}
