import type { SchemaNode } from '../schema/schema.js';
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
import { mapDecoder, sequenceDecoder } from './decode-composites.js';
import type { ValueDecoder } from './decode-context.js';
import { plainInterfaceDecoder } from './decode-interface.js';
import { BOOL, BYTES, COMPLEX, FLOAT, INT_EXACT, STRING, UINT_EXACT } from './decode-scalars.js';
import { type FieldDecoder, structDecoder } from './decode-struct.js';
import type { DecoderCache } from './decoder-cache.js';
import type { ReceivedTypes, WireField } from './received-types.js';
import { type Zero, zeroOf } from './zero.js';

const OBJECT_BYTES = 64;

/** A decoder for the schema `gob.any`, which follows the peer's type alone. */
export function compileAny(cache: DecoderCache, any: SchemaNode, id: number): ValueDecoder {
  switch (id) {
    case BOOL_ID:
      return BOOL;
    case INT_ID:
      return INT_EXACT;
    case UINT_ID:
      return UINT_EXACT;
    case FLOAT_ID:
      return FLOAT;
    case BYTES_ID:
      return BYTES;
    case STRING_ID:
      return STRING;
    case COMPLEX_ID:
      return COMPLEX;
    case INTERFACE_ID:
      return plainInterfaceDecoder(any);
    default:
      return compileDefined(cache, any, id);
  }
}

function compileDefined(cache: DecoderCache, any: SchemaNode, id: number): ValueDecoder {
  const { types } = cache;
  const type = types.get(id);
  const part = (of: number): ValueDecoder => cache.valueOf(any, of);
  switch (type.kind) {
    case 'slice':
      return sequenceDecoder(part(type.element), undefined, types.holdsInterface(type.element));
    case 'array':
      return sequenceDecoder(part(type.element), type.length, types.holdsInterface(type.element));
    case 'map': {
      const open = types.holdsInterface(type.key) || types.holdsInterface(type.element);
      return mapDecoder(part(type.key), part(type.element), type.key === STRING_ID, open);
    }
    case 'struct':
      return compileStruct(types, type.fields, part);
    case 'opaque':
      return BYTES;
  }
}

function compileStruct(
  types: ReceivedTypes,
  wire: readonly WireField[],
  part: (id: number) => ValueDecoder,
): ValueDecoder {
  const fields = wire.map(({ name, id }): FieldDecoder => ({ name, decoder: part(id) }));
  const zeros = wire.map(({ name, id }) => ({ name, zero: zeroOf(zeroNode(types, id)) }));
  return structDecoder(wire, fields, {
    create: () => createRecord(zeros),
    made: zeros.filter(({ zero }) => !zero.shared),
    heapBytes: OBJECT_BYTES + 32 * wire.length,
  });
}

/** Without a prototype, because the peer chooses the names: `__proto__` is an ordinary one. */
function createRecord(zeros: readonly { readonly name: string; readonly zero: Zero }[]): Record<string, unknown> {
  const record = Object.create(null) as Record<string, unknown>;
  for (const { name, zero } of zeros) record[name] = zero.shared ? zero.make() : undefined;
  return record;
}

const NIL: SchemaNode = { kind: 'any' };
const BASIC_ZEROS: Readonly<Record<number, SchemaNode>> = {
  [BOOL_ID]: { kind: 'bool' },
  [INT_ID]: { kind: 'int', bits: 64, as: 'exact' },
  [UINT_ID]: { kind: 'uint', bits: 64, as: 'exact' },
  [FLOAT_ID]: { kind: 'float', single: false },
  [BYTES_ID]: { kind: 'bytes' },
  [STRING_ID]: { kind: 'string' },
  [COMPLEX_ID]: { kind: 'complex', single: false },
};

/**
 * The zero value of an absent field. Go never leaves out a struct or an array, so a missing one was a nil pointer. The zero value of a
 * self-encoding type is unknown.
 */
function zeroNode(types: ReceivedTypes, id: number): SchemaNode {
  const type = types.find(id);
  if (type?.kind === 'slice') return { kind: 'slice', element: NIL, length: 0 };
  if (type?.kind === 'map')
    return { kind: 'map', key: type.key === STRING_ID ? { kind: 'string' } : NIL, element: NIL };
  return BASIC_ZEROS[id] ?? NIL;
}
