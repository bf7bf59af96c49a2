import { OptionsError } from '../../errors.js';
import { describeValue, nearestName } from '../option-names.js';
import { isPlainObject } from '../plain-object.js';
import { quoteText } from '../quote.js';

/** Most characters of one text of a manifest. */
export const MAX_TEXT_CHARS = 4096;
/** Most entries of one list or table of a manifest. */
export const MAX_ENTRIES = 256;

/** Reads the value at a place of the manifest, such as `handshake.cookieKey`. Throws OptionsError. */
export type Reader<T> = (value: unknown, at: string) => T;

/** @throws OptionsError, which says what was expected at a place, and what is there. */
export function unexpected(at: string, expected: string, value: unknown): OptionsError {
  return new OptionsError(`Expected \`${at}\` of the plugin manifest to be ${expected}, got ${describeValue(value)}.`);
}

export function text(pattern: RegExp, expected: string): Reader<string> {
  return (value, at) => {
    const valid = typeof value === 'string' && value.length <= MAX_TEXT_CHARS && pattern.test(value);
    if (valid) return value;
    throw unexpected(at, expected, value);
  };
}

export function flag(value: unknown, at: string): boolean {
  if (typeof value === 'boolean') return value;
  throw unexpected(at, 'true or false', value);
}

export function integer(least: number, most: number): Reader<number> {
  return (value, at) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value;
    throw unexpected(at, `an integer from ${least} to ${most}`, value);
  };
}

/** A list without repetitions. */
export function list<T>(item: Reader<T>, least = 0): Reader<readonly T[]> {
  return (value, at) => {
    const items = sequence(item, least)(value, at);
    const again = items.findIndex((one, index) => items.indexOf(one) < index);
    if (again >= 0) throw unexpected(`${at}[${again}]`, 'named once', items[again]);
    return items;
  };
}

/** A list in which things may come more than once, as arguments. */
export function sequence<T>(item: Reader<T>, least: number): Reader<readonly T[]> {
  const expected = `an array of ${least === 0 ? 'at most' : `${least} to`} ${MAX_ENTRIES} entries`;
  return (value, at) => {
    if (!Array.isArray(value) || value.length < least || value.length > MAX_ENTRIES)
      throw unexpected(at, expected, value);
    // `value.map` would make an array of the realm that `value` is of.
    return Object.freeze(Array.from(value, (one: unknown, index) => item(one, `${at}[${index}]`)));
  };
}

/** An object whose names the manifest chooses. */
export function table<T>(name: RegExp, names: string, item: Reader<T>): Reader<Readonly<Record<string, T>>> {
  return (value, at) => {
    if (!isPlainObject(value)) throw unexpected(at, 'an object', value);
    const entries = Object.entries(value);
    if (entries.length > MAX_ENTRIES) throw unexpected(at, `an object of at most ${MAX_ENTRIES} entries`, value);
    for (const [key] of entries) {
      if (key.length > MAX_TEXT_CHARS || !name.test(key) || key in Object.prototype)
        throw new OptionsError(
          `Expected the names in \`${at}\` of the plugin manifest to be ${names}, got ${describeValue(key)}.`,
        );
    }
    return Object.freeze(Object.fromEntries(entries.map(([key, one]) => [key, item(one, `${at}.${key}`)])));
  };
}

/** An object with the names of the format. What it leaves out is left out. */
export function object<T extends object>(
  known: readonly string[],
  fields: { readonly [Key in keyof T]-?: Reader<Exclude<T[Key], undefined>> },
  required: readonly (keyof T & string)[],
): Reader<T> {
  return (value, at) => {
    const given = fieldsOf(value, at, known);
    const entries = (Object.keys(fields) as (keyof T & string)[]).flatMap((name) => {
      const one = Object.hasOwn(given, name) ? given[name] : undefined;
      if (one === undefined && !required.includes(name)) return [];
      return [[name, fields[name](one, at === '' ? name : `${at}.${name}`)]];
    });
    return Object.freeze(Object.fromEntries(entries)) as T;
  };
}

/** Throws OptionsError for what is no object, and for a field that is not known. */
function fieldsOf(value: unknown, at: string, known: readonly string[]): Readonly<Record<string, unknown>> {
  const whole = at === '' ? 'the plugin manifest' : `\`${at}\` of the plugin manifest`;
  if (!isPlainObject(value)) throw new OptionsError(`Expected ${whole} to be an object, got ${describeValue(value)}.`);
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown === undefined) return value;
  const near = nearestName(unknown.slice(0, 64), known);
  const advice =
    near === undefined ? `It has ${known.map((name) => `\`${name}\``).join(', ')}.` : `Did you mean \`${near}\`?`;
  throw new OptionsError(`There is no field ${quoteText(unknown, 64)} of ${whole}. ${advice}`);
}
