import { BinaryReader } from '@bufbuild/protobuf/wire';
import { EMPTY_BYTES } from '../../../wire/bytes.js';

const LITTLE = true;

/** The fields of the library's reader, of which its types show none, or only for reading. */
interface ReaderFields {
  buf: Uint8Array;
  len: number;
}

/**
 * The protobuf reader of generated code, for messages that lie one behind the other in the same bytes: no reader, no view and no slice for
 * each of them (streams of messages of 100 bytes: a third less CPU time of who receives them).
 */
export class RangeReader extends BinaryReader {
  readonly #fields: ReaderFields;
  /** Made for fields of a fixed width, which few messages have. */
  #view: DataView | undefined;

  constructor() {
    super(EMPTY_BYTES);
    // The version of the library is fixed, and the tests read every kind of field in this way.
    this.#fields = this as unknown as ReaderFields;
  }

  /** From here on it reads `bytes` from `start` to `end`. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    const fields = this.#fields;
    if (fields.buf !== bytes) {
      fields.buf = bytes;
      this.#view = undefined;
    }
    fields.len = end;
    this.pos = start;
  }

  override fixed32(): number {
    return this.#fixed(4).getUint32(this.pos - 4, LITTLE);
  }

  override sfixed32(): number {
    return this.#fixed(4).getInt32(this.pos - 4, LITTLE);
  }

  override float(): number {
    return this.#fixed(4).getFloat32(this.pos - 4, LITTLE);
  }

  override double(): number {
    return this.#fixed(8).getFloat64(this.pos - 8, LITTLE);
  }

  /** Takes so many bytes, to be read through the view behind the position. */
  #fixed(bytes: number): DataView {
    const { buf } = this.#fields;
    this.pos += bytes;
    this.#view ??= new DataView(buf.buffer, buf.byteOffset, buf.byteLength);
    return this.#view;
  }
}
