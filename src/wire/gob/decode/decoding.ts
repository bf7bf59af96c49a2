import { type GobFailure, mismatch, within } from '../failure.js';
import {
  type FieldNode,
  flatten,
  type MapNode,
  nameOf,
  type SchemaNode,
  type SequenceNode,
  type StructNode,
} from '../schema/schema.js';
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
import { compileAny } from './decode-any.js';
import { mapDecoding, sequenceDecoding } from './decode-composites.js';
import { interfaceDecoding } from './decode-interface.js';
import { BOOL, BYTES, floatDecoding, integerDecoding, opaqueDecoding, STRING } from './decode-scalars.js';
import type { Decoding } from './decode-source.js';
import { type FieldDecoding, structDecoding } from './decode-struct.js';
import type { Decodings } from './decodings.js';
import { wireTypeName } from './wire-types.js';
import { isOptional, zeroOf } from './zero.js';

const OBJECT_BYTES = 40;

type FlatNode = ReturnType<typeof flatten>;

/** Matches a schema with a type of the peer (encoding/gob decode.go compatibleType). Throws a GobFailure with the path. */
export function compileDecoding(decodings: Decodings, node: FlatNode, id: number): Decoding {
  switch (node.kind) {
    case 'bool':
      return expectId(decodings, node, id, BOOL_ID, BOOL);
    case 'int':
      return expectId(decodings, node, id, INT_ID, integerDecoding(node));
    case 'uint':
      return expectId(decodings, node, id, UINT_ID, integerDecoding(node));
    case 'float':
      return expectId(decodings, node, id, FLOAT_ID, floatDecoding(node));
    case 'complex':
      return expectId(decodings, node, id, COMPLEX_ID, floatDecoding(node));
    case 'string':
      return expectId(decodings, node, id, STRING_ID, STRING);
    case 'bytes':
      return expectId(decodings, node, id, BYTES_ID, BYTES);
    case 'interface':
      return expectId(decodings, node, id, INTERFACE_ID, interfaceDecoding(node.registry));
    case 'any':
      return compileAny(decodings, node, id);
    case 'slice':
    case 'array':
    case 'map':
    case 'struct':
    case 'opaque':
      return compileDefined(decodings, node, id);
  }
}

function unfit(decodings: Decodings, node: SchemaNode, id: number): GobFailure {
  return mismatch(`expected ${nameOf(node)}, got ${wireTypeName(id, decodings.types.find(id))}`);
}

function expectId(decodings: Decodings, node: SchemaNode, id: number, wanted: number, decoding: Decoding): Decoding {
  if (id === wanted) return decoding;
  throw unfit(decodings, node, id);
}

type DefinedNode = Extract<SchemaNode, { kind: 'slice' | 'array' | 'map' | 'struct' | 'opaque' }>;

function compileDefined(decodings: Decodings, node: DefinedNode, id: number): Decoding {
  if (id <= INTERFACE_ID) throw unfit(decodings, node, id);
  const type = decodings.types.get(id);
  switch (node.kind) {
    case 'slice':
    case 'array':
      if (type.kind !== node.kind) throw unfit(decodings, node, id);
      if (type.kind === 'array' && type.length !== node.length) {
        throw mismatch(`expected an array of ${node.length}, got ${wireTypeName(id, type)}`);
      }
      return compileSequence(decodings, node, type.element);
    case 'map':
      if (type.kind !== 'map') throw unfit(decodings, node, id);
      return compileMap(decodings, node, type);
    case 'struct':
      if (type.kind !== 'struct') throw unfit(decodings, node, id);
      return compileStruct(decodings, node, type.fields);
    case 'opaque':
      if (type.kind !== 'opaque' || type.form !== node.form) throw unfit(decodings, node, id);
      return opaqueDecoding(node.codec);
  }
}

function part(decodings: Decodings, node: SchemaNode, id: number, step: string): Decoding {
  try {
    return decodings.valueOf(node, id);
  } catch (error) {
    throw within(error, step);
  }
}

function compileSequence(decodings: Decodings, node: SequenceNode, element: number): Decoding {
  const decoding = part(decodings, node.element, element, '[]');
  const length = node.kind === 'array' ? node.length : undefined;
  return sequenceDecoding(decoding, length, decodings.types.holdsInterface(element));
}

function compileMap(
  decodings: Decodings,
  node: MapNode,
  type: { readonly key: number; readonly element: number },
): Decoding {
  const key = part(decodings, node.key, type.key, '[key]');
  const element = part(decodings, node.element, type.element, '[]');
  const open = decodings.types.holdsInterface(type.key) || decodings.types.holdsInterface(type.element);
  return mapDecoding(key, element, flatten(node.key).kind === 'string', open);
}

function compileStruct(
  decodings: Decodings,
  node: StructNode,
  wire: readonly { readonly name: string; readonly id: number }[],
): Decoding {
  const own = new Map(node.fields.map((field) => [field.name, field.type]));
  const fields = wire.map(({ name, id }): FieldDecoding => {
    const type = own.get(name);
    return { name, decoding: type === undefined ? undefined : part(decodings, type, id, `.${name}`) };
  });
  const zeros = node.fields.filter(isPresent).map(({ name, type }) => ({ name, zero: zeroOf(type) }));
  const template: Record<string, unknown> = {};
  for (const { name, zero } of zeros) template[name] = zero.shared ? zero.make() : undefined;
  return structDecoding(wire, fields, {
    create: () => ({ ...template }),
    made: zeros.filter(({ zero }) => !zero.shared),
    heapBytes: OBJECT_BYTES + 8 * node.fields.length,
  });
}

function isPresent(field: FieldNode): boolean {
  return !isOptional(field.type);
}
