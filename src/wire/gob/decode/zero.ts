import { OptionsError } from '../../../errors.js';
import {
  flatten,
  type GobSchema,
  nameOf,
  nodeOf,
  type SchemaNode,
  type SequenceNode,
  type StructNode,
} from '../schema/schema.js';

/** The value of an absent field. */
export interface Zero {
  make(): unknown;
  /** Whether the value is immutable, so that all objects can share it. */
  readonly shared: boolean;
  /** Estimated heap of one value, in bytes; 0 for a shared one. */
  readonly heapBytes: number;
}

const OBJECT_BYTES = 40;
const BYTES_BYTES = 120;

// A cache by schema; schemas are immutable.
const zeros = new WeakMap<SchemaNode, Zero>();

/** Go's zero value of a schema's type: what an absent field is decoded to. */
export function zeroValue<T>(schema: GobSchema<T>): T {
  return zeroOf(nodeOf(schema)).make() as T;
}

/** The zero value of a schema's type; compiled when first needed. */
export function zeroOf(node: SchemaNode): Zero {
  const known = zeros.get(node);
  if (known !== undefined) return known;
  const zero = compile(node, []);
  zeros.set(node, zero);
  return zero;
}

function shared(value: unknown): Zero {
  return { make: () => value, shared: true, heapBytes: 0 };
}

function fresh(make: () => unknown, heapBytes: number): Zero {
  return { make, shared: false, heapBytes };
}

/** `outer`: the enclosing structs and arrays, to detect a type that contains itself without a pointer. */
function compile(node: SchemaNode, outer: readonly SchemaNode[]): Zero {
  switch (node.kind) {
    case 'bool':
      return shared(false);
    case 'int':
    case 'uint':
      return shared(node.as === 'bigint' ? 0n : 0);
    case 'float':
      return shared(0);
    case 'string':
      return shared('');
    case 'pointer':
      return shared(node.nil);
    case 'interface':
    case 'any':
      return shared(null);
    case 'bytes':
      return fresh(() => new Uint8Array(0), BYTES_BYTES);
    case 'complex':
      return fresh(() => ({ real: 0, imag: 0 }), OBJECT_BYTES);
    case 'slice':
      return fresh(() => [], OBJECT_BYTES);
    case 'map':
      return fresh(emptyMapOf(node.key), OBJECT_BYTES * 2);
    case 'opaque':
      return fresh(() => node.codec.zero(), BYTES_BYTES);
    case 'lazy':
      return compile(node.resolve(), outer);
    case 'array':
    case 'struct':
      return compileNested(node, outer);
  }
}

/** Makes an empty map: an object without a prototype if the keys are strings, else a Map. */
export function emptyMapOf(key: SchemaNode): () => unknown {
  return flatten(key).kind === 'string' ? () => Object.create(null) as unknown : () => new Map();
}

function compileNested(node: SequenceNode | StructNode, outer: readonly SchemaNode[]): Zero {
  if (outer.includes(node)) {
    throw new OptionsError(
      `The gob schema ${nameOf(node)} contains itself: only a pointer, slice or map may lead back to it.`,
    );
  }
  const inner = [...outer, node];
  if (node.kind !== 'struct') {
    const element = compile(node.element, inner);
    const make = (): unknown[] => Array.from({ length: node.length }, () => element.make());
    return fresh(make, OBJECT_BYTES + node.length * (8 + element.heapBytes));
  }
  const fields = node.fields.map(({ name, type }) => ({ name, zero: compile(type, inner), type }));
  const make = (): Record<string, unknown> => {
    const record: Record<string, unknown> = {};
    for (const { name, zero, type } of fields) if (!isOptional(type)) record[name] = zero.make();
    return record;
  };
  return fresh(
    make,
    fields.reduce((sum, { zero }) => sum + 8 + zero.heapBytes, OBJECT_BYTES),
  );
}

/** Whether a nil field is left out of the object. */
export function isOptional(node: SchemaNode): boolean {
  return node.kind === 'pointer' && node.nil === undefined;
}
