import { fieldPath, isFields, kindOf, unknownField, unsentField, wrongValue } from './wrong-field.js';

/** How a message that was given is compared with what its receiver would get. */
export interface Comparison {
  /** Whether values have to be of the same type, too. proto-loader takes several types for one field. */
  readonly values: boolean;
  /** The fields of the message itself, where it is known that what was received may lack some. */
  readonly names?: readonly string[] | undefined;
}

/** Throws TypeError for what would be lost or changed, with its path. */
export function compareReceived(given: unknown, received: unknown, comparison: Comparison, path = ''): void {
  if (given === undefined || given === null) return;
  if (Array.isArray(given) && Array.isArray(received)) {
    for (const [index, item] of given.entries())
      compareReceived(item, received[index], { values: comparison.values }, fieldPath(path, index));
  } else if (isFields(given) && isFields(received)) compareFields(given, received, comparison, path);
  else if (comparison.values) compareValues(given, received, path);
}

function compareFields(
  given: Readonly<Record<string, unknown>>,
  received: Readonly<Record<string, unknown>>,
  { values, names }: Comparison,
  path: string,
): void {
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined || value === null) continue;
    const at = fieldPath(path, key);
    if (received[key] !== undefined) compareReceived(value, received[key], { values }, at);
    else if (values && key in received) throw unsentField(at, value);
    else if (!(key in received) && !mayBeAbsent(key, value, names))
      throw unknownField(at, names ?? (values ? keysOf(received) : undefined));
  }
}

/** proto-loader gives neither empty lists nor empty maps. */
function mayBeAbsent(key: string, value: unknown, names: readonly string[] | undefined): boolean {
  if (names !== undefined) return names.includes(key);
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** With those of the prototype: ts-proto may have the defaults there. */
function keysOf(received: object): string[] {
  const keys: string[] = [];
  for (const key in received) keys.push(key);
  return keys;
}

function compareValues(given: unknown, received: unknown, path: string): void {
  const expected = kindOf(received);
  if (kindOf(given) !== expected) throw wrongValue(path, expected, given);
  if (typeof given !== 'number' || typeof received !== 'number' || Number.isNaN(given)) return;
  // A field of the type float has less precision.
  if (given !== received && Math.fround(given) !== received) throw wrongValue(path, 'an integer', given);
}
