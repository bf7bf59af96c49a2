/** Go's complex64 and complex128. */
export interface GobComplex {
  real: number;
  imag: number;
}

/** Go's time.Time without loss: an instant and its zone. */
export interface GobTime {
  /** Seconds since 1970-01-01T00:00:00Z; Go's zero time is −62 135 596 800. */
  unixSeconds: number;
  /** Within the second, 0 to 999 999 999. */
  nanoseconds: number;
  /** Seconds east of Greenwich, at most some 546 hours either way; null for Go's UTC. */
  zoneOffsetSeconds: number | null;
}

/** A Go interface value: the registered name of its concrete type, and a value of that type. */
export interface GobDynamic<Name extends string = string, T = unknown> {
  type: Name;
  value: T;
}

/**
 * A value decoded without a schema. Structs and maps with string keys are objects without a prototype, other
 * maps are Maps; integers are numbers where that is exact, else bigints; `[]byte` and self-encoding types are bytes; a nil interface
 * and an absent pointer are null. An interface becomes the value in it, without the name of its type.
 */
export type GobAny =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | GobComplex
  | GobAny[]
  | Map<GobAny, GobAny>
  | { [key: string]: GobAny };
