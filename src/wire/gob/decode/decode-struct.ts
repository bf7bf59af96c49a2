import { malformed, within } from '../failure.js';
import { type DecodeContext, enter, spend, type ValueDecoder } from './decode-context.js';
import type { WireField } from './received-types.js';
import { skipValue } from './skip.js';
import type { Zero } from './zero.js';

/** How one field of the peer's struct is decoded. */
export interface FieldDecoder {
  readonly name: string;
  /** Undefined if the schema has no such field: it is skipped. */
  readonly decoder: ValueDecoder | undefined;
}

/** A property that gets its zero value when the peer left the field out. */
export interface AbsentField {
  readonly name: string;
  readonly zero: Zero;
}

/** How the objects for a struct are made. */
export interface StructShape {
  /** A new object with every property whose zero value can be shared. */
  create(): Record<string, unknown>;
  /** The properties whose zero value is made anew for each object. */
  readonly made: readonly AbsentField[];
  readonly heapBytes: number;
}

/** Decodes a struct of the peer, whose fields are `wire`, into objects of a shape. */
export function structDecoder(
  wire: readonly WireField[],
  fields: readonly FieldDecoder[],
  shape: StructShape,
): ValueDecoder {
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

/** Reads fields until the terminator or, as Go does, the end of the message. */
function readFields(
  from: DecodeContext,
  wire: readonly WireField[],
  fields: readonly FieldDecoder[],
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
      if (field.decoder === undefined) skipValue(from, wire[at]!.id);
      else record[field.name] = field.decoder.read(from);
    }
  } catch (error) {
    const field = fields[at];
    throw field === undefined ? error : within(error, `.${field.name}`);
  }
}
