import { errorMessage } from '../../../errors.js';
import { compareReceived } from '../shared/received-fields.js';
import { fieldPath, isFields, kindOf, wrongValue } from '../shared/wrong-field.js';
import { type AnyMessageType, encodeFramed } from './encode.js';
import { PREFIX_BYTES } from './framing.js';

/**
 * Like `encodeFramed`, but throws TypeError, with the path of the field, for what the receiver would not get as it was given: a field that the
 * type does not have, a value of another type. Generated code ignores the first and converts much of the second.
 */
export function encodeStrict(type: AnyMessageType, input: unknown): Uint8Array {
  type.checkFields?.(input);
  const framed = attempt(type, input);
  if (type.checkFields === undefined) compareReceived(input, decode(type, framed), { values: true });
  return framed;
}

function attempt(type: AnyMessageType, input: unknown): Uint8Array {
  try {
    return encodeFramed(type, input);
  } catch (cause) {
    throw locate(type, input, cause);
  }
}

function decode(type: AnyMessageType, framed: Uint8Array): unknown {
  return type.decode(framed.subarray(PREFIX_BYTES));
}

/** The failure of an encoder with the field that causes it. Encoders do not tell: parts of the message are encoded by themselves. */
function locate(type: AnyMessageType, input: unknown, cause: unknown): unknown {
  const keys = failingKeys(type, input);
  if (keys.length === 0) return cause;
  const path = keys.reduce<string>((parent, key) => fieldPath(parent, key), '');
  const given = valueAt(input, keys);
  const expected = expectedKind(type, input, keys);
  if (expected !== undefined && expected !== kindOf(given)) return wrongValue(path, expected, given);
  return new TypeError(`the field \`${path}\` cannot be sent: ${errorMessage(cause)}`, { cause });
}

type Keys = readonly (string | number)[];

/** The way to the innermost part that fails without its siblings. */
function failingKeys(type: AnyMessageType, input: unknown): Keys {
  const keys: (string | number)[] = [];
  for (;;) {
    const at = valueAt(input, keys);
    if (!Array.isArray(at) && !isFields(at)) return keys;
    if (keys.length > 0 && fails(type, only(input, keys, Array.isArray(at) ? [] : {}))) return keys;
    const key = keysOf(at).find((one) => fails(type, only(input, [...keys, one], valueAt(at, [one]))));
    if (key === undefined) return keys;
    keys.push(key);
  }
}

function keysOf(container: object): Keys {
  return Array.isArray(container) ? [...container.keys()] : Object.keys(container);
}

function fails(type: AnyMessageType, input: unknown): boolean {
  try {
    encodeFramed(type, input);
    return false;
  } catch {
    return true;
  }
}

function valueAt(value: unknown, keys: Keys): unknown {
  return keys.reduce<unknown>((at, key) => (at as Readonly<Record<string | number, unknown>>)?.[key], value);
}

/** The message with nothing but what is at these keys, and `value` there. A oneof keeps its case. */
function only(input: unknown, keys: Keys, value: unknown): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return value;
  const child = only(valueAt(input, [key]), rest, value);
  if (Array.isArray(input)) return [child];
  return isFields(input) && '$case' in input ? { $case: input['$case'], [key]: child } : { [key]: child };
}

/** What a field is when it is left out; undefined where that does not tell its type. */
function expectedKind(type: AnyMessageType, input: unknown, keys: Keys): string | undefined {
  const parent = keys.slice(0, -1);
  try {
    const received = decode(type, encodeFramed(type, only(input, parent, {})));
    // A list has nothing but the one item.
    const sample = valueAt(received, [...parent.map((key) => (typeof key === 'number' ? 0 : key)), ...keys.slice(-1)]);
    return sample === undefined ? undefined : kindOf(sample);
  } catch {
    return undefined;
  }
}
