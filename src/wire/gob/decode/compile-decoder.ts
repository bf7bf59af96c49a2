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
import { mapDecoder, sequenceDecoder } from './decode-composites.js';
import type { ValueDecoder } from './decode-context.js';
import { interfaceDecoder } from './decode-interface.js';
import { BOOL, BYTES, floatDecoder, integerDecoder, opaqueDecoder, STRING } from './decode-scalars.js';
import { type FieldDecoder, structDecoder } from './decode-struct.js';
import type { DecoderCache } from './decoder-cache.js';
import { wireTypeName } from './received-types.js';
import { isOptional, zeroOf } from './zero.js';

const OBJECT_BYTES = 40;

type FlatNode = ReturnType<typeof flatten>;

/** A decoder for a type of the peer and a schema (encoding/gob decode.go compatibleType). Throws a GobFailure where they do not match. */
export function compileDecoder(cache: DecoderCache, node: FlatNode, id: number): ValueDecoder {
  switch (node.kind) {
    case 'bool':
      return expectId(cache, node, id, BOOL_ID, BOOL);
    case 'int':
      return expectId(cache, node, id, INT_ID, integerDecoder(node));
    case 'uint':
      return expectId(cache, node, id, UINT_ID, integerDecoder(node));
    case 'float':
      return expectId(cache, node, id, FLOAT_ID, floatDecoder(node));
    case 'complex':
      return expectId(cache, node, id, COMPLEX_ID, floatDecoder(node));
    case 'string':
      return expectId(cache, node, id, STRING_ID, STRING);
    case 'bytes':
      return expectId(cache, node, id, BYTES_ID, BYTES);
    case 'interface':
      return expectId(cache, node, id, INTERFACE_ID, interfaceDecoder(node.registry));
    case 'any':
      return compileAny(cache, node, id);
    case 'slice':
    case 'array':
    case 'map':
    case 'struct':
    case 'opaque':
      return compileDefined(cache, node, id);
  }
}

function unfit(cache: DecoderCache, node: SchemaNode, id: number): GobFailure {
  return mismatch(`expected ${nameOf(node)}, got ${wireTypeName(id, cache.types.find(id))}`);
}

function expectId(
  cache: DecoderCache,
  node: SchemaNode,
  id: number,
  wanted: number,
  decoder: ValueDecoder,
): ValueDecoder {
  if (id === wanted) return decoder;
  throw unfit(cache, node, id);
}

type DefinedNode = Extract<SchemaNode, { kind: 'slice' | 'array' | 'map' | 'struct' | 'opaque' }>;

function compileDefined(cache: DecoderCache, node: DefinedNode, id: number): ValueDecoder {
  if (id <= INTERFACE_ID) throw unfit(cache, node, id);
  const type = cache.types.get(id);
  switch (node.kind) {
    case 'slice':
    case 'array':
      if (type.kind !== node.kind) throw unfit(cache, node, id);
      if (type.kind === 'array' && type.length !== node.length) {
        throw mismatch(`expected an array of ${node.length}, got ${wireTypeName(id, type)}`);
      }
      return compileSequence(cache, node, type.element);
    case 'map':
      if (type.kind !== 'map') throw unfit(cache, node, id);
      return compileMap(cache, node, type);
    case 'struct':
      if (type.kind !== 'struct') throw unfit(cache, node, id);
      return compileStruct(cache, node, type.fields);
    case 'opaque':
      if (type.kind !== 'opaque' || type.form !== node.form) throw unfit(cache, node, id);
      return opaqueDecoder(node.codec);
  }
}

function part(cache: DecoderCache, node: SchemaNode, id: number, step: string): ValueDecoder {
  try {
    return cache.valueOf(node, id);
  } catch (error) {
    throw within(error, step);
  }
}

function compileSequence(cache: DecoderCache, node: SequenceNode, element: number): ValueDecoder {
  const decoder = part(cache, node.element, element, '[]');
  const length = node.kind === 'array' ? node.length : undefined;
  return sequenceDecoder(decoder, length, cache.types.holdsInterface(element));
}

function compileMap(
  cache: DecoderCache,
  node: MapNode,
  type: { readonly key: number; readonly element: number },
): ValueDecoder {
  const key = part(cache, node.key, type.key, '[key]');
  const element = part(cache, node.element, type.element, '[]');
  const open = cache.types.holdsInterface(type.key) || cache.types.holdsInterface(type.element);
  return mapDecoder(key, element, flatten(node.key).kind === 'string', open);
}

function compileStruct(
  cache: DecoderCache,
  node: StructNode,
  wire: readonly { readonly name: string; readonly id: number }[],
): ValueDecoder {
  const own = new Map(node.fields.map((field) => [field.name, field.type]));
  const fields = wire.map(({ name, id }): FieldDecoder => {
    const type = own.get(name);
    return { name, decoder: type === undefined ? undefined : part(cache, type, id, `.${name}`) };
  });
  const zeros = node.fields.filter(isPresent).map(({ name, type }) => ({ name, zero: zeroOf(type) }));
  const template: Record<string, unknown> = {};
  for (const { name, zero } of zeros) template[name] = zero.shared ? zero.make() : undefined;
  return structDecoder(wire, fields, {
    create: () => ({ ...template }),
    made: zeros.filter(({ zero }) => !zero.shared),
    heapBytes: OBJECT_BYTES + 8 * node.fields.length,
  });
}

function isPresent(field: FieldNode): boolean {
  return !isOptional(field.type);
}
