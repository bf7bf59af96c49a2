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
import { mapDecoding, sequenceDecoding } from './decode-composites.js';
import { plainInterfaceDecoding } from './decode-interface.js';
import { BOOL, BYTES, COMPLEX, FLOAT, INT_EXACT, STRING, UINT_EXACT } from './decode-scalars.js';
import type { Decoding } from './decode-source.js';
import { type FieldDecoding, structDecoding } from './decode-struct.js';
import type { Decodings } from './decodings.js';
import type { WireField, WireTypes } from './wire-types.js';
import { type Zero, zeroOf } from './zero.js';

const OBJECT_BYTES = 64;

/** Reads a value by nothing but the peer's type. `any` is the schema that says so. */
export function compileAny(decodings: Decodings, any: SchemaNode, id: number): Decoding {
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
      return plainInterfaceDecoding(any);
    default:
      return compileDefined(decodings, any, id);
  }
}

function compileDefined(decodings: Decodings, any: SchemaNode, id: number): Decoding {
  const { types } = decodings;
  const type = types.get(id);
  const part = (of: number): Decoding => decodings.valueOf(any, of);
  switch (type.kind) {
    case 'slice':
      return sequenceDecoding(part(type.element), undefined, types.holdsInterface(type.element));
    case 'array':
      return sequenceDecoding(part(type.element), type.length, types.holdsInterface(type.element));
    case 'map': {
      const open = types.holdsInterface(type.key) || types.holdsInterface(type.element);
      return mapDecoding(part(type.key), part(type.element), type.key === STRING_ID, open);
    }
    case 'struct':
      return compileStruct(types, type.fields, part);
    case 'opaque':
      return BYTES;
  }
}

function compileStruct(types: WireTypes, wire: readonly WireField[], part: (id: number) => Decoding): Decoding {
  const fields = wire.map(({ name, id }): FieldDecoding => ({ name, decoding: part(id) }));
  const zeros = wire.map(({ name, id }) => ({ name, zero: zeroOf(zeroNode(types, id)) }));
  return structDecoding(wire, fields, {
    create: () => createRecord(zeros),
    made: zeros.filter(({ zero }) => !zero.shared),
    heapBytes: OBJECT_BYTES + 32 * wire.length,
  });
}

/** Without a prototype: the names are the peer's, and `__proto__` is as good as any. */
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
 * What an absent field stands for. A struct or an array is never left out: where one is missing there was a nil pointer. Opaque
 * bytes have no zero that could be known.
 */
function zeroNode(types: WireTypes, id: number): SchemaNode {
  const type = types.find(id);
  if (type?.kind === 'slice') return { kind: 'slice', element: NIL, length: 0 };
  if (type?.kind === 'map')
    return { kind: 'map', key: type.key === STRING_ID ? { kind: 'string' } : NIL, element: NIL };
  return BASIC_ZEROS[id] ?? NIL;
}
