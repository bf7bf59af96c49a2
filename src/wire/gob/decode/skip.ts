import { malformed } from '../failure.js';
import {
  BOOL_ID,
  BYTES_ID,
  COMPLEX_ID,
  FLOAT_ID,
  INT_ID,
  INTERFACE_ID,
  STRING_ID,
  UINT_ID,
} from '../schema/type-ids.js';
import { type DecodeSource, enter } from './decode-source.js';

/** Passes over a value of the peer's type. */
export function skipValue(from: DecodeSource, id: number): void {
  switch (id) {
    case BOOL_ID:
    case INT_ID:
    case UINT_ID:
    case FLOAT_ID:
      from.reader.uint();
      return;
    case COMPLEX_ID:
      from.reader.uint();
      from.reader.uint();
      return;
    case BYTES_ID:
    case STRING_ID:
      from.reader.skipBytes();
      return;
    case INTERFACE_ID:
      skipInterface(from);
      return;
    default:
      skipDefined(from, id);
  }
}

function skipDefined(from: DecodeSource, id: number): void {
  const type = from.types.get(id);
  if (type.kind === 'opaque') {
    from.reader.skipBytes();
    return;
  }
  enter(from);
  if (type.kind === 'struct') {
    readFieldNumbers(from, type.fields.length, (field) => skipValue(from, type.fields[field]!.id));
  } else {
    const count = readCount(from, from.types.holdsInterface(id));
    for (let i = 0; i < count; i += 1) {
      needMore(from);
      if (type.kind === 'map') skipValue(from, type.key);
      skipValue(from, type.element);
    }
  }
  from.depth -= 1;
}

/** Structurally, not by the byte count before the content: Go's count is wrong when new types are defined inside it. */
function skipInterface(from: DecodeSource): void {
  const name = from.reader.byteCount();
  if (name === 0) return;
  from.reader.pos += name;
  const id = from.dynamicId();
  from.reader.count();
  skipContent(from, id);
}

/** Passes over what a message or an interface holds. */
export function skipContent(from: DecodeSource, id: number): void {
  if (from.types.find(id)?.kind !== 'struct') expectSingleton(from);
  skipValue(from, id);
}

/** The zero before a value that is not a struct. */
export function expectSingleton(from: DecodeSource): void {
  const delta = from.reader.count();
  if (delta !== 0) throw malformed(`expected 0 before a value that is not a struct, got ${delta}`);
}

/**
 * The numbers of the fields that follow, until the terminator or, as Go tolerates it, the end of the message; `fields` is how many
 * the peer's type has.
 */
export function readFieldNumbers(from: DecodeSource, fields: number, read: (field: number) => void): void {
  const { reader } = from;
  let field = -1;
  while (reader.pos < reader.end) {
    const delta = reader.count();
    if (delta === 0) return;
    field += delta;
    if (field >= fields) throw malformed(`field ${field} of a struct with ${fields} fields`);
    read(field);
  }
}

/**
 * A count of elements, of which each takes a byte at least. Those of an `open` type, which hold interfaces, may lie in later
 * messages.
 */
export function readCount(from: DecodeSource, open: boolean): number {
  const count = from.reader.count();
  if (!open && count > from.reader.remaining) {
    throw malformed(`${count} elements announced, ${from.reader.remaining} bytes left`);
  }
  return count;
}

/** Before an element: an open count has not been judged against what is there. */
export function needMore(from: DecodeSource): void {
  if (from.reader.pos >= from.reader.end) throw malformed('the message ends before the last element');
}
