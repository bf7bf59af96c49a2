import { type GobSchema, gob } from 'rxplug/net-rpc';
import { UsageError } from '../process/exit-code.js';

/** A Go type: how gob encodes it, and how its values are written in JSON. */
export interface GoType {
  readonly schema: GobSchema;
  /** The value of a field that the JSON leaves out. */
  readonly zero: unknown;
  /** The value for the encoder. `path` is where it stands. Throws UsageError for JSON of another type. */
  readonly fromJson: (json: unknown, path: string) => unknown;
}

/** Go's types with a name. */
export const NAMED_TYPES: ReadonlyMap<string, GoType> = new Map([
  ['bool', scalar(gob.bool, false, 'true or false', (json) => typeof json === 'boolean')],
  ['string', scalar(gob.string, '', 'a string', (json) => typeof json === 'string')],
  ...([8, 16, 32] as const).flatMap((bits) => [
    [`int${bits}`, smallInteger(gob[`int${bits}`], -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)] as const,
    [`uint${bits}`, smallInteger(gob[`uint${bits}`], 0, 2 ** bits - 1)] as const,
  ]),
  ['byte', smallInteger(gob.uint8, 0, 255)],
  ['rune', smallInteger(gob.int32, -(2 ** 31), 2 ** 31 - 1)],
  ...['int', 'int64'].map((name) => [name, largeInteger(gob.int64, -(2n ** 63n), 2n ** 63n - 1n)] as const),
  ...['uint', 'uint64', 'uintptr'].map((name) => [name, largeInteger(gob.uint64, 0n, 2n ** 64n - 1n)] as const),
  ['float32', scalar(gob.float32, 0, 'a number', (json) => typeof json === 'number')],
  ['float64', scalar(gob.float, 0, 'a number', (json) => typeof json === 'number')],
  ['time.Time', { schema: gob.date, zero: new Date('0001-01-01T00:00:00Z'), fromJson: timeOf }],
  ['any', { schema: gob.any, zero: null, fromJson: (json: unknown) => json }],
  ['interface{}', { schema: gob.any, zero: null, fromJson: (json: unknown) => json }],
  ['empty', structOf([])],
]);

/** `[]byte`, in JSON as base64. */
export const BYTES: GoType = {
  schema: gob.bytes,
  zero: new Uint8Array(),
  fromJson(json, path) {
    const isBase64 = typeof json === 'string' && /^[\w+/-]*={0,2}$/.test(json);
    return isBase64 ? Buffer.from(json, 'base64') : wrong(path, 'bytes in base64', json);
  },
};

export function sliceOf({ schema, fromJson }: GoType): GoType {
  return {
    schema: gob.slice(schema),
    zero: [],
    fromJson: (json, path) => listAt(json, path).map((item, index) => fromJson(item, `${path}[${index}]`)),
  };
}

export function arrayOf(length: number, { schema, zero, fromJson }: GoType): GoType {
  return {
    schema: gob.array(length, schema),
    zero: Array.from({ length }, () => zero),
    fromJson(json, path) {
      const items = listAt(json, path);
      if (items.length !== length) wrong(path, `a list of ${length}`, json);
      return items.map((item, index) => fromJson(item, `${path}[${index}]`));
    },
  };
}

/** In JSON an object, whose keys are numbers in quotes where the map's are numbers. */
export function mapOf(key: GoType, element: GoType): GoType {
  const isText = key === NAMED_TYPES.get('string');
  return {
    schema: gob.map(key.schema, element.schema),
    zero: isText ? {} : new Map(),
    fromJson(json, path) {
      const entries = Object.entries(objectAt(json, path)).map(
        ([name, value]) => [keyOf(key, name, path), element.fromJson(value, `${path}.${name}`)] as const,
      );
      return isText ? Object.fromEntries(entries as [string, unknown][]) : new Map(entries);
    },
  };
}

export function pointerTo({ schema, fromJson }: GoType): GoType {
  return {
    schema: gob.pointer(schema),
    zero: null,
    fromJson: (json, path) => (json === null ? null : fromJson(json, path)),
  };
}

/** Fields that the JSON leaves out are zero, as in Go. */
export function structOf(fields: readonly (readonly [name: string, type: GoType])[]): GoType {
  const types = new Map(fields);
  return {
    schema: gob.struct('', Object.fromEntries(fields.map(([name, { schema }]) => [name, schema]))),
    zero: Object.fromEntries(fields.map(([name, { zero }]) => [name, zero])),
    fromJson(json, path) {
      const given = objectAt(json, path);
      const unknown = Object.keys(given).find((name) => !types.has(name));
      if (unknown !== undefined)
        throw new UsageError(
          `${path} has no field ${JSON.stringify(unknown)}. It has ${[...types.keys()].join(', ') || 'none'}.`,
        );
      return Object.fromEntries(
        fields.map(([name, { zero, fromJson }]) => [
          name,
          Object.hasOwn(given, name) ? fromJson(given[name], `${path}.${name}`) : zero,
        ]),
      );
    },
  };
}

function scalar(schema: GobSchema, zero: unknown, expected: string, fits: (json: unknown) => boolean): GoType {
  return { schema, zero, fromJson: (json, path) => (fits(json) ? json : wrong(path, expected, json)) };
}

function smallInteger(schema: GobSchema, min: number, max: number): GoType {
  const fits = (json: unknown): boolean => Number.isInteger(json) && Number(json) >= min && Number(json) <= max;
  return scalar(schema, 0, `an integer from ${min} to ${max}`, fits);
}

/** What JSON's numbers cannot hold is written as a string, as in protobuf's JSON. */
function largeInteger(schema: GobSchema, min: bigint, max: bigint): GoType {
  return {
    schema,
    zero: 0n,
    fromJson(json, path) {
      const isExact = Number.isSafeInteger(json) || (typeof json === 'string' && /^-?\d{1,20}$/.test(json));
      const value = isExact ? BigInt(json as number | string) : undefined;
      if (value !== undefined && value >= min && value <= max) return value;
      return wrong(path, `an integer from ${min} to ${max}, in quotes where it is beyond 2^53`, json);
    },
  };
}

function timeOf(json: unknown, path: string): Date {
  const time = typeof json === 'string' ? new Date(json) : undefined;
  return time === undefined || Number.isNaN(time.getTime())
    ? wrong(path, 'a time, as 2030-01-02T03:04:05Z', json)
    : time;
}

/** JSON has no other keys than strings. */
function keyOf(key: GoType, name: string, path: string): unknown {
  const isNumber = /^-?\d+(?:\.\d+)?$/.test(name) && key !== NAMED_TYPES.get('string');
  return key.fromJson(isNumber && Number.isSafeInteger(Number(name)) ? Number(name) : name, `the key of ${path}`);
}

function listAt(json: unknown, path: string): readonly unknown[] {
  return Array.isArray(json) ? json : wrong(path, 'a list', json);
}

function objectAt(json: unknown, path: string): Readonly<Record<string, unknown>> {
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
  return isObject ? (json as Record<string, unknown>) : wrong(path, 'an object', json);
}

function wrong(path: string, expected: string, json: unknown): never {
  throw new UsageError(`Expected ${path} to be ${expected}, got ${JSON.stringify(json)?.slice(0, 100)}.`);
}
