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
import { type DecodeContext, enter } from './decode-context.js';

/** Skips a value of the peer's type. */
export function skipValue(from: DecodeContext, id: number): void {
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

function skipDefined(from: DecodeContext, id: number): void {
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

/** Skips by structure, not by the byte count before the content: Go's count is wrong when types are defined inside the content. */
function skipInterface(from: DecodeContext): void {
  const name = from.reader.byteCount();
  if (name === 0) return;
  from.reader.pos += name;
  const id = from.dynamicId();
  from.reader.count();
  skipContent(from, id);
}

/** Skips the content of a message or of an interface. */
export function skipContent(from: DecodeContext, id: number): void {
  if (from.types.find(id)?.kind !== 'struct') expectSingleton(from);
  skipValue(from, id);
}

/** The zero before a value that is not a struct. */
export function expectSingleton(from: DecodeContext): void {
  const delta = from.reader.count();
  if (delta !== 0) throw malformed(`expected 0 before a value that is not a struct, got ${delta}`);
}

/**
 * Reads field numbers until the terminator or, as Go does, the end of the message, and calls `read` for each. `fields` is the number of
 * fields of the peer's type.
 */
export function readFieldNumbers(from: DecodeContext, fields: number, read: (field: number) => void): void {
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
 * Reads a count of elements, each of which takes a byte at least. Elements of an `open` type hold interfaces and may be in later
 * messages, so that their count cannot be checked.
 */
export function readCount(from: DecodeContext, open: boolean): number {
  const count = from.reader.count();
  if (!open && count > from.reader.remaining) {
    throw malformed(`${count} elements announced, ${from.reader.remaining} bytes left`);
  }
  return count;
}

/** To be called before each element: an open count was not checked against the length of the message. */
export function needMore(from: DecodeContext): void {
  if (from.reader.pos >= from.reader.end) throw malformed('the message ends before the last element');
}
