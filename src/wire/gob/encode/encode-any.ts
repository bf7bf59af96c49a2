import { isUint8Array } from '../../bytes.js';
import { isPlainObject } from '../../plain-object.js';
import { isInt64, isUint64 } from '../integers.js';
import { PREDECLARED } from '../schema/registry.js';
import type { SchemaNode } from '../schema/schema.js';
import type { EncodeContext } from './encode-context.js';
import { isNil, wrong } from './encode-scalars.js';

const ANY: SchemaNode = { kind: 'any' };
const ANY_SLICE: SchemaNode = { kind: 'slice', element: ANY, length: 0 };
const ANY_MAP: SchemaNode = { kind: 'map', key: { kind: 'string' }, element: ANY };

/** Encodes a JavaScript value as an interface that holds the matching Go type; see `gob.any`. */
export function encodeAny(target: EncodeContext, value: unknown): void {
  if (isNil(value)) {
    target.out.uint(0);
    return;
  }
  const name = predeclaredName(value);
  const type = name === undefined ? undefined : PREDECLARED.get(name);
  if (name !== undefined && type !== undefined) target.dynamicOf(name, value, type);
  else if (Array.isArray(value)) target.dynamicOf('[]interface {}', value, ANY_SLICE);
  else if (isPlainObject(value)) target.dynamicOf('map[string]interface {}', value, ANY_MAP);
  else throw wrong('a value with an obvious Go type (see gob.any), or a schema that says which', value);
}

function predeclaredName(value: unknown): string | undefined {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isSafeInteger(value) && !Object.is(value, -0) ? 'int' : 'float64';
  if (typeof value === 'bigint') return isInt64(value) ? 'int64' : isUint64(value) ? 'uint64' : undefined;
  return isUint8Array(value) ? '[]uint8' : undefined;
}
