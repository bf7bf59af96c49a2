import { BinaryReader } from '@bufbuild/protobuf/wire';
import { EMPTY_BYTES } from '../../../wire/bytes.js';
import type { AnyMessageType } from './encode.js';
import { RangeReader } from './range-reader.js';

/** The message in `bytes` from `start` to `end`. Throws what the type's decoder throws. */
export type DecodeMessage = (bytes: Uint8Array, start: number, end: number) => unknown;

/** How generated code decodes from a reader of others: as much as it is told. */
type DecodeFrom = (reader: BinaryReader, length: number) => unknown;

/** The reader of the previous message. */
let spare: RangeReader | undefined;

/** How messages of a type are decoded: from a common reader, where the type takes one. */
export function decoderOf(type: AnyMessageType): DecodeMessage {
  if (!takesReader(type)) return (bytes, start, end) => type.decode(slice(bytes, start, end));
  const decodeFrom = type.decode.bind(type) as unknown as DecodeFrom;
  return (bytes, start, end) => {
    const reader = spare ?? new RangeReader();
    // Not there while it is in use, nor after a decoder has thrown.
    spare = undefined;
    reader.reset(bytes, start, end);
    const message = decodeFrom(reader, end - start);
    // Numbers of a fixed width are not held against the end.
    if (reader.pos > end) throw new RangeError('premature EOF');
    // A reader that waits holds no more than a chunk of which something is left.
    if (end === bytes.length) reader.reset(EMPTY_BYTES, 0, 0);
    spare = reader;
    return message;
  };
}

/** The message's bytes alone. */
export function slice(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
}

const ASKED = new Error('asked');

/** Says so when it is read. */
class Probe extends BinaryReader {
  override uint32 = (): number => {
    throw ASKED;
  };
}

/**
 * Generated code takes bytes, or a reader and a length. But only a reader of its own copy of the library: another one it would take for
 * bytes, and find nothing in it. So it is asked.
 */
function takesReader(type: AnyMessageType): boolean {
  if (type.decode.length !== 2) return false;
  try {
    (type.decode.bind(type) as unknown as DecodeFrom)(new Probe(EMPTY_BYTES), 1);
  } catch (thrown) {
    return thrown === ASKED;
  }
  return false;
}
