import { type DescField, type DescMessage, fromJson, type JsonReadOptions, type JsonValue } from '@bufbuild/protobuf';

/** The way to the value in a request that is not of its type: `entries[2].key`. Empty where it is the request itself. */
export function wrongField(type: DescMessage, value: JsonValue, options: Partial<JsonReadOptions>): string {
  return pathIn(type, value, options).replace(/^\./, '');
}

function pathIn(type: DescMessage, value: JsonValue, options: Partial<JsonReadOptions>): string {
  if (!isObject(value) || type.typeName.startsWith('google.protobuf.')) return '';
  for (const [key, inner] of Object.entries(value)) {
    if (isOf(type, { [key]: inner }, options)) continue;
    const field = type.fields.find(({ name, jsonName }) => name === key || jsonName === key);
    return `.${key}${field === undefined ? '' : pathInField(type, field, key, inner, options)}`;
  }
  return '';
}

function pathInField(
  type: DescMessage,
  field: DescField,
  key: string,
  value: JsonValue,
  options: Partial<JsonReadOptions>,
): string {
  if (field.fieldKind === 'message') return pathIn(field.message, value, options);
  if (field.fieldKind !== 'list' && field.fieldKind !== 'map') return '';
  if (value === null || typeof value !== 'object') return '';
  for (const [at, element] of Object.entries(value)) {
    const only = field.fieldKind === 'list' ? [element as JsonValue] : { [at]: element as JsonValue };
    if (isOf(type, { [key]: only }, options)) continue;
    const inner = field.message === undefined ? '' : pathIn(field.message, element as JsonValue, options);
    return `[${field.fieldKind === 'list' ? at : JSON.stringify(at)}]${inner}`;
  }
  return '';
}

function isObject(value: JsonValue): value is { [key: string]: JsonValue } {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function isOf(type: DescMessage, value: JsonValue, options: Partial<JsonReadOptions>): boolean {
  try {
    fromJson(type, value, options);
    return true;
  } catch {
    return false;
  }
}
