import { OptionsError } from '../../../errors.js';
import type { GobRegistry } from './registry.js';
import {
  type FieldNode,
  type GobSchema,
  type GobType,
  type IntegerNode,
  nodeOf,
  type OpaqueCodec,
  type OpaqueForm,
  type RegistryEntries,
  type SchemaNode,
} from './schema.js';
import { BYTES_CODEC } from './time.js';
import type { GobDynamic } from './values.js';

type Fields = Readonly<Record<string, GobSchema>>;

type OptionalKeys<F extends Fields> = { [K in keyof F]: undefined extends GobType<F[K]> ? K : never }[keyof F];

/** The object type of a struct: `gob.optional` fields may be missing, all others must be there. */
export type StructType<F extends Fields> = { [K in Exclude<keyof F, OptionalKeys<F>>]: GobType<F[K]> } & {
  [K in OptionalKeys<F>]?: GobType<F[K]>;
} extends infer T
  ? { [K in keyof T]: T[K] }
  : never;

/** The schema of a struct; its fields can be read in order to build others from it. */
export interface GobStructSchema<F extends Fields = Fields> extends GobSchema<StructType<F>> {
  readonly kind: 'struct';
  readonly name: string;
}

type MapType<K, V> = [K] extends [string] ? Record<string, V> : Map<K, V>;

// Gives a node the type of its values; the constructors below choose it.
function schema<T>(node: SchemaNode): GobSchema<T> {
  return node;
}

/** An integer as a number within the given bits; 64 bits end at the safe integers. */
export function integer(kind: IntegerNode['kind'], bits: IntegerNode['bits']): GobSchema<number> {
  return schema({ kind, bits, as: 'number' });
}

/** A 64-bit integer as a bigint. */
export function bigInteger(kind: IntegerNode['kind']): GobSchema<bigint> {
  return schema({ kind, bits: 64, as: 'bigint' });
}

/** A 64-bit integer as a number where that is exact, else as a bigint. */
export function exactInteger(kind: IntegerNode['kind']): GobSchema<number | bigint> {
  return schema({ kind, bits: 64, as: 'exact' });
}

/** A float or complex; `single` rounds to 32 bits and refuses what does not fit. */
export function floating<T>(kind: 'float' | 'complex', single: boolean): GobSchema<T> {
  return schema({ kind, single });
}

export function scalar<T>(kind: 'bool' | 'bytes' | 'string' | 'any'): GobSchema<T> {
  return schema({ kind });
}

/** `[]T`. Nil and empty are the same. */
export function slice<T>(element: GobSchema<T>): GobSchema<T[]> {
  return schema({ kind: 'slice', element: nodeOf(element), length: 0 });
}

/** `[length]T`. */
export function array<T>(length: number, element: GobSchema<T>): GobSchema<T[]> {
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new OptionsError(`Expected the length of a gob array to be a non-negative integer, got ${length}.`);
  }
  return schema({ kind: 'array', element: nodeOf(element), length });
}

/** `map[K]V`: an object without a prototype when the keys are strings, else a Map. */
export function map<K, V>(key: GobSchema<K>, element: GobSchema<V>): GobSchema<MapType<K, V>> {
  return schema({ kind: 'map', key: nodeOf(key), element: nodeOf(element) });
}

const EXPORTED_NAME = /^\p{Lu}[\p{L}\p{Nd}_]*$/u;

/**
 * A struct with the fields that Go exports, in Go's order. The name is free: gob never compares the names of types.
 * An empty set of fields is `struct{}`.
 */
export function struct<const F extends Fields>(name: string, fields: F): GobStructSchema<F> {
  const nodes = Object.entries(fields).map(([field, type]): FieldNode => {
    if (!EXPORTED_NAME.test(field)) {
      throw new OptionsError(
        `Expected the field "${field}" of "${name}" to begin with an upper-case letter: Go sends no others.`,
      );
    }
    return { name: field, type: nodeOf(type) };
  });
  return { kind: 'struct', name, fields: nodes } as GobStructSchema<F>;
}

/** `*T`: null is nil. Go sends no pointer: a pointer to a zero scalar arrives as nil. */
export function pointer<T>(target: GobSchema<T>): GobSchema<T | null> {
  return schema({ kind: 'pointer', target: nodeOf(target), nil: null });
}

/** `*T` as a field that may be missing from the object. */
export function optional<T>(target: GobSchema<T>): GobSchema<T | undefined> {
  return schema({ kind: 'pointer', target: nodeOf(target), nil: undefined });
}

/** A schema that refers to itself; resolved when first used. */
export function lazy<T>(resolve: () => GobSchema<T>): GobSchema<T> {
  return schema({ kind: 'lazy', resolve: () => nodeOf(resolve()) });
}

/**
 * An interface: null, or the registered name of the concrete type with its value. The types come from `registry`, else from the
 * registry of the encoder or decoder; Go's predeclared types are always known.
 */
export function dynamic(): GobSchema<GobDynamic | null>;
export function dynamic<D>(registry: GobRegistry<D>): GobSchema<D | null>;
export function dynamic(registry?: GobRegistry<unknown>): GobSchema<unknown> {
  const entries: RegistryEntries | undefined = registry?.entries;
  return schema({ kind: 'interface', registry: entries });
}

/** A self-encoding Go type: its bytes, or the values that `codec` decodes them to. */
export function opaque(name: string, form?: OpaqueForm): GobSchema<Uint8Array>;
export function opaque<T>(name: string, form: OpaqueForm, codec: OpaqueCodec<T>): GobSchema<T>;
export function opaque(
  name: string,
  form: OpaqueForm = 'gob',
  codec: OpaqueCodec<unknown> = BYTES_CODEC as OpaqueCodec<unknown>,
): GobSchema<unknown> {
  return schema({ kind: 'opaque', name, form, codec });
}
