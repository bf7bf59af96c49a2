import { type GobSchema, type GobType, nodeOf, type RegistryEntries, type SchemaNode } from './schema.js';
import type { GobComplex, GobDynamic } from './values.js';

/** Go's predeclared types, which every gob peer knows by these names. */
export interface PredeclaredTypes {
  bool: boolean;
  string: string;
  int: number | bigint;
  int8: number;
  int16: number;
  int32: number;
  int64: number | bigint;
  uint: number | bigint;
  uint8: number;
  uint16: number;
  uint32: number;
  uint64: number | bigint;
  uintptr: number | bigint;
  float32: number;
  float64: number;
  complex64: GobComplex;
  complex128: GobComplex;
}

type Types = Readonly<Record<string, GobSchema>>;

type Predeclared = {
  [K in keyof PredeclaredTypes]:
    | GobDynamic<K, PredeclaredTypes[K]>
    | GobDynamic<`[]${K}`, K extends 'uint8' ? Uint8Array : PredeclaredTypes[K][]>;
}[keyof PredeclaredTypes];

type Registered<R extends Types> = { [K in keyof R & string]: GobDynamic<K, GobType<R[K]>> }[keyof R & string];

/** The concrete types that interface values may have, by the names under which Go registers them. */
export interface GobRegistry<out D = unknown> {
  readonly entries: RegistryEntries;
  /** For the compiler only: the values that an interface with this registry can hold. */
  readonly dynamic?: () => D;
}

/**
 * Names types as Go's `gob.Register` does: `import/path.Type` (`main.Type` in a program), `*pkg.Type` for a pointer (short package
 * name), the type expression for an unnamed type (`map[string]interface {}`). Both sides must use the same names.
 */
export function createRegistry<const R extends Types>(types: R): GobRegistry<Registered<R> | Predeclared> {
  return { entries: new Map(Object.entries(types).map(([name, type]) => [name, nodeOf(type)])) };
}

const integer = (kind: 'int' | 'uint', bits: 8 | 16 | 32 | 64): SchemaNode =>
  bits === 64 ? { kind, bits, as: 'exact' } : { kind, bits, as: 'number' };

const SCALARS: readonly (readonly [string, SchemaNode])[] = [
  ['bool', { kind: 'bool' }],
  ['string', { kind: 'string' }],
  ['int', integer('int', 64)],
  ['int8', integer('int', 8)],
  ['int16', integer('int', 16)],
  ['int32', integer('int', 32)],
  ['int64', integer('int', 64)],
  ['uint', integer('uint', 64)],
  ['uint8', integer('uint', 8)],
  ['uint16', integer('uint', 16)],
  ['uint32', integer('uint', 32)],
  ['uint64', integer('uint', 64)],
  ['uintptr', integer('uint', 64)],
  ['float32', { kind: 'float', single: true }],
  ['float64', { kind: 'float', single: false }],
  ['complex64', { kind: 'complex', single: true }],
  ['complex128', { kind: 'complex', single: false }],
];

function sliceOf(name: string, element: SchemaNode): SchemaNode {
  return name === 'uint8' ? { kind: 'bytes' } : { kind: 'slice', element, length: 0 };
}

/** encoding/gob type.go registerBasics. */
export const PREDECLARED: RegistryEntries = new Map([
  ...SCALARS,
  ...SCALARS.map(([name, node]): readonly [string, SchemaNode] => [`[]${name}`, sliceOf(name, node)]),
]);

/** The type of an interface value: from the schema's registry, else the stream's, else Go's predeclared types. */
export function lookUp(
  name: string,
  schema: RegistryEntries | undefined,
  stream: RegistryEntries | undefined,
): SchemaNode | undefined {
  return schema?.get(name) ?? stream?.get(name) ?? PREDECLARED.get(name);
}
