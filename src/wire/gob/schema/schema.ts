import { OptionsError } from '../../../errors.js';

declare const TYPE: unique symbol;

/** Describes a Go type and the JavaScript values for it. Immutable; one schema may be used by any number of connections. */
export interface GobSchema<out T = unknown> {
  readonly kind: GobKind;
  /** For the compiler only: the type of the values. */
  readonly [TYPE]?: () => T;
}

/** The JavaScript type of a schema's values. */
export type GobType<S> = S extends GobSchema<infer T> ? T : never;

export type GobKind = SchemaNode['kind'];

/** Turns the opaque bytes of a self-encoding Go type (GobEncoder, BinaryMarshaler, TextMarshaler) into a value and back. */
export interface OpaqueCodec<T> {
  encode(value: T): Uint8Array;
  /** Throws when the bytes are not such a value. The bytes may be kept. */
  decode(bytes: Uint8Array): T;
  /** The value of an absent field. */
  zero(): T;
  /** Whether Go leaves a field with this value out. @default never */
  isZero?(value: T): boolean;
}

/** How Go announces a self-encoding type: it has GobEncode, MarshalBinary or (never sent by Go) MarshalText. */
export type OpaqueForm = 'gob' | 'binary' | 'text';

export interface ScalarNode {
  readonly kind: 'bool' | 'bytes' | 'string' | 'any';
}

export interface IntegerNode {
  readonly kind: 'int' | 'uint';
  /** Bits of the Go type: values outside are refused in both directions. */
  readonly bits: 8 | 16 | 32 | 64;
  /** `number`: safe integers only. `bigint`: always. `exact`: number where it is exact, else bigint. */
  readonly as: 'number' | 'bigint' | 'exact';
}

export interface FloatNode {
  readonly kind: 'float' | 'complex';
  readonly single: boolean;
}

export interface SequenceNode {
  readonly kind: 'slice' | 'array';
  readonly element: SchemaNode;
  /** Of an array; 0 for a slice. */
  readonly length: number;
}

export interface MapNode {
  readonly kind: 'map';
  readonly key: SchemaNode;
  readonly element: SchemaNode;
}

export interface FieldNode {
  readonly name: string;
  readonly type: SchemaNode;
}

export interface StructNode {
  readonly kind: 'struct';
  readonly name: string;
  readonly fields: readonly FieldNode[];
}

export interface PointerNode {
  readonly kind: 'pointer';
  readonly target: SchemaNode;
  /** The JavaScript value of a nil pointer. */
  readonly nil: null | undefined;
}

export interface LazyNode {
  readonly kind: 'lazy';
  resolve(): SchemaNode;
}

export interface InterfaceNode {
  readonly kind: 'interface';
  /** Overrides the registry of the stream. */
  readonly registry: RegistryEntries | undefined;
}

export interface OpaqueNode {
  readonly kind: 'opaque';
  readonly name: string;
  readonly form: OpaqueForm;
  readonly codec: OpaqueCodec<unknown>;
}

/** The concrete types of interface values by their registered names. */
export type RegistryEntries = ReadonlyMap<string, SchemaNode>;

/** A schema of any kind. */
export type SchemaNode =
  | ScalarNode
  | IntegerNode
  | FloatNode
  | SequenceNode
  | MapNode
  | StructNode
  | PointerNode
  | LazyNode
  | InterfaceNode
  | OpaqueNode;

/** The node of a schema: every schema is made by a constructor of this folder, and is a node. */
export function nodeOf(schema: GobSchema): SchemaNode {
  return schema as SchemaNode;
}

/** The node behind pointers and lazy nodes, which do not appear on the wire. */
export function flatten(node: SchemaNode): Exclude<SchemaNode, PointerNode | LazyNode> {
  let flat = node;
  for (let steps = 0; flat.kind === 'pointer' || flat.kind === 'lazy'; steps += 1) {
    if (steps > 100) throw new OptionsError('A gob schema is a pointer to itself.');
    flat = flat.kind === 'pointer' ? flat.target : flat.resolve();
  }
  return flat;
}

/** The name of a type in error messages. */
export function nameOf(node: SchemaNode): string {
  if (node.kind === 'lazy') return nameOf(node.resolve());
  if (node.kind === 'pointer') return nameOf(node.target);
  if (node.kind === 'struct' || node.kind === 'opaque') return node.name === '' ? node.kind : node.name;
  if (node.kind === 'int' || node.kind === 'uint') return node.bits === 64 ? node.kind : `${node.kind}${node.bits}`;
  return node.kind;
}
