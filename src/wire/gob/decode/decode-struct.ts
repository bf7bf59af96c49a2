import { malformed, within } from '../failure.js';
import { type DecodeSource, type Decoding, enter, spend } from './decode-source.js';
import { skipValue } from './skip.js';
import type { WireField } from './wire-types.js';
import type { Zero } from './zero.js';

/** What becomes of one field of the peer's struct: a property, or nothing. */
export interface FieldDecoding {
  readonly name: string;
  /** Absent: the receiver has no such field. */
  readonly decoding: Decoding | undefined;
}

/** A property that must be there even if the peer left it out. */
export interface AbsentField {
  readonly name: string;
  readonly zero: Zero;
}

/** The shape of the objects that a struct becomes. */
export interface StructShape {
  /** A new object with every property whose zero value can be shared. */
  create(): Record<string, unknown>;
  /** The properties whose zero value must be made for each object. */
  readonly made: readonly AbsentField[];
  readonly heapBytes: number;
}

/** Reads a struct of the peer, whose fields are `wire`, into objects of a shape. */
export function structDecoding(
  wire: readonly WireField[],
  fields: readonly FieldDecoding[],
  shape: StructShape,
): Decoding {
  const { made, heapBytes } = shape;
  return {
    read(from) {
      enter(from);
      spend(from, heapBytes);
      const record = shape.create();
      readFields(from, wire, fields, record);
      for (const { name, zero } of made) {
        if (record[name] === undefined) {
          spend(from, zero.heapBytes);
          record[name] = zero.make();
        }
      }
      from.depth -= 1;
      return record;
    },
  };
}

/** Until the terminator or, as Go tolerates it, the end of the message. */
function readFields(
  from: DecodeSource,
  wire: readonly WireField[],
  fields: readonly FieldDecoding[],
  record: Record<string, unknown>,
): void {
  const { reader } = from;
  let at = -1;
  try {
    while (reader.pos < reader.end) {
      const delta = reader.count();
      if (delta === 0) return;
      at += delta;
      const field = fields[at];
      if (field === undefined) throw malformed(`field ${at} of a struct with ${fields.length} fields`);
      if (field.decoding === undefined) skipValue(from, wire[at]!.id);
      else record[field.name] = field.decoding.read(from);
    }
  } catch (error) {
    const field = fields[at];
    throw field === undefined ? error : within(error, `.${field.name}`);
  }
}
