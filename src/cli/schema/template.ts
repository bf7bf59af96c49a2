import { type DescField, type DescMessage, type JsonValue, ScalarType } from '@bufbuild/protobuf';

/** Types whose JSON form is not that of their fields, with a value that is valid. */
const WELL_KNOWN: Readonly<Record<string, JsonValue>> = {
  'google.protobuf.Any': {},
  'google.protobuf.Duration': '0s',
  'google.protobuf.FieldMask': '',
  'google.protobuf.ListValue': [],
  'google.protobuf.Struct': {},
  'google.protobuf.Timestamp': '1970-01-01T00:00:00Z',
  'google.protobuf.Value': null,
};

const WRAPPED = /^google\.protobuf\.(?:Bool|Bytes|Double|Float|U?Int(?:32|64)|String)Value$/;

/**
 * A request to fill in: every field with its zero value, lists and maps with one element, of each oneof the first member. A message that
 * contains itself has the inner one left out.
 */
export function template(type: DescMessage): JsonValue {
  return messageOf(type, []);
}

function messageOf(type: DescMessage, outer: readonly DescMessage[]): JsonValue {
  const known = WELL_KNOWN[type.typeName];
  if (known !== undefined) return known;
  if (WRAPPED.test(type.typeName)) return valueOf(type.fields[0]!, outer);
  const inner = [...outer, type];
  const shown = type.members.map((member) => (member.kind === 'oneof' ? member.fields[0]! : member));
  return Object.fromEntries(
    shown
      .filter(({ message }) => message === undefined || !inner.includes(message))
      .map((field) => [field.jsonName, fieldOf(field, inner)]),
  );
}

function fieldOf(field: DescField, outer: readonly DescMessage[]): JsonValue {
  if (field.fieldKind === 'list') return [valueOf(field, outer)];
  if (field.fieldKind === 'map') return { [scalarOf(field.mapKey, 'key') as string]: valueOf(field, outer) };
  return valueOf(field, outer);
}

function valueOf(field: DescField, outer: readonly DescMessage[]): JsonValue {
  if (field.message !== undefined) return messageOf(field.message, outer);
  if (field.enum !== undefined)
    return field.enum.typeName === 'google.protobuf.NullValue' ? null : field.enum.values[0]!.name;
  return scalarOf(field.scalar!, '');
}

/** Integers of 64 bits are strings in protobuf's JSON. */
function scalarOf(type: ScalarType, text: string): JsonValue {
  if (type === ScalarType.STRING || type === ScalarType.BYTES) return text;
  if (type === ScalarType.BOOL) return text === '' ? false : 'false';
  if (text !== '') return '0';
  return [ScalarType.INT64, ScalarType.UINT64, ScalarType.SINT64, ScalarType.FIXED64, ScalarType.SFIXED64].includes(
    type,
  )
    ? '0'
    : 0;
}
