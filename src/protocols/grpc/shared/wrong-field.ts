import { describeValue } from '../../../wire/option-names.js';

type Fields = Readonly<Record<string, unknown>>;

/** A message, or a map: an object that is not an instance of a class. */
export function isFields(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return false;
  return value.constructor === Object || value.constructor === undefined;
}

/** `command.put` for `put` of `command`; an index stands in brackets. */
export function fieldPath(parent: string, key: string | number): string {
  if (typeof key === 'number') return `${parent}[${key}]`;
  return parent === '' ? key : `${parent}.${key}`;
}

/** What a value is, with its article. */
export function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (ArrayBuffer.isView(value)) return 'a Uint8Array';
  if (typeof value === 'object' && value !== null) return isFields(value) ? 'an object' : `a ${nameOf(value)}`;
  return `a ${typeof value}`;
}

/** The name of a class that is not an instance of this realm's. */
function nameOf(value: object): string {
  return Object.prototype.toString.call(value) === '[object Date]' ? 'Date' : value.constructor.name;
}

export function unknownField(path: string, known: readonly string[] | undefined): TypeError {
  const names = known?.map((name) => `\`${name}\``).join(', ');
  const fields = names === undefined ? '' : names === '' ? ': the message has no fields' : `: the message has ${names}`;
  return new TypeError(`there is no field \`${path}\`${fields}`);
}

export function wrongValue(path: string, expected: string, given: unknown): TypeError {
  const got = typeof given === 'object' && given !== null ? kindOf(given) : describeValue(given);
  return new TypeError(`the field \`${path}\` takes ${expected}, got ${got}`);
}

/** A part of a oneof that would be left out: ts-proto takes only a value that stands under the name of its case. */
export function unsentField(path: string, given: unknown): TypeError {
  const hint =
    isFields(given) && '$case' in given
      ? `it has no case ${describeValue(given['$case'])}, or the value is not under that name`
      : 'its type has no place for the value';
  return new TypeError(`the field \`${path}\` would not be sent: ${hint}`);
}
