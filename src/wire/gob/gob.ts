import * as make from './schema/constructors.js';
import { createRegistry } from './schema/registry.js';
import { DATE_CODEC, TIME_CODEC } from './schema/time.js';
import type { GobAny, GobComplex } from './schema/values.js';

/**
 * Constructors of gob schemas. On the wire gob has one signed and one unsigned integer type, whatever their width in Go: choose by the
 * JavaScript type that you want.
 *
 * @example
 * const Point = gob.struct('Point', { X: gob.int, Y: gob.int, Label: gob.optional(gob.string) });
 * createGobEncoder().encode(Point, { X: 1, Y: 2 });
 */
export const gob = {
  bool: make.scalar<boolean>('bool'),
  /** Any signed Go integer, as a number; values beyond the safe integers are refused. */
  int: make.integer('int', 64),
  int8: make.integer('int', 8),
  int16: make.integer('int', 16),
  int32: make.integer('int', 32),
  /** Any signed Go integer, as a bigint. */
  int64: make.bigInteger('int'),
  /** Any signed Go integer: a number where it is exact, else a bigint. */
  intExact: make.exactInteger('int'),
  /** Any unsigned Go integer, as a number; values beyond the safe integers are refused. */
  uint: make.integer('uint', 64),
  uint8: make.integer('uint', 8),
  uint16: make.integer('uint', 16),
  uint32: make.integer('uint', 32),
  /** Any unsigned Go integer, as a bigint. */
  uint64: make.bigInteger('uint'),
  /** Any unsigned Go integer: a number where it is exact, else a bigint. */
  uintExact: make.exactInteger('uint'),
  /** `float64` (also reads what a Go `float32` sends). */
  float: make.floating<number>('float', false),
  /** `float32`: rounded when sent. */
  float32: make.floating<number>('float', true),
  complex: make.floating<GobComplex>('complex', false),
  complex64: make.floating<GobComplex>('complex', true),
  string: make.scalar<string>('string'),
  /** `[]byte`. */
  bytes: make.scalar<Uint8Array>('bytes'),
  /** `time.Time` without loss. */
  time: make.opaque('Time', 'gob', TIME_CODEC),
  /** `time.Time` as a Date: milliseconds, UTC. */
  date: make.opaque('Time', 'gob', DATE_CODEC),
  /**
   * Decodes any type. Encodes a Go interface that holds the matching Go type: null nil, `bool`, `string`, `int` for a number
   * without fraction (else `float64`), `int64` or `uint64` for a bigint, `[]uint8`, `[]interface {}`, and
   * `map[string]interface {}` for any other object (the receiver must have registered these two).
   */
  any: make.scalar<GobAny>('any'),
  /** `struct{}`. */
  empty: make.struct('', {}),
  slice: make.slice,
  array: make.array,
  map: make.map,
  struct: make.struct,
  pointer: make.pointer,
  optional: make.optional,
  lazy: make.lazy,
  interface: make.dynamic,
  opaque: make.opaque,
  registry: createRegistry,
} as const;
