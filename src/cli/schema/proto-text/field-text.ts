import { isFieldSet } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  FieldOptionsSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';
import { stringLiteral } from './literals.js';
import type { OptionPrinter } from './options.js';
import { joined, type Names } from './scope.js';

/** What is the same for all that a file declares. */
export interface FileContext {
  readonly syntax: string;
  readonly names: Names;
  readonly options: OptionPrinter;
}

/** The message that the declaration of a field declares too: a group, or the entry of a map. It stands beside the field. */
export function declaredBy(
  { type, typeName }: FieldDescriptorProto,
  siblings: readonly DescriptorProto[],
  scope: string,
  { syntax }: FileContext,
): DescriptorProto | undefined {
  const found = siblings.find(({ name }) => typeName.replace(/^\./, '') === joined(scope, name));
  const isGroup = type === Type.GROUP && syntax !== 'editions';
  return isGroup || found?.options?.mapEntry === true ? found : undefined;
}

/** `optional string name = 1`. */
export function fieldHead(field: FieldDescriptorProto, scope: string, context: FileContext): string {
  return `${labelOf(field, context)}${typeOf(field, scope, context)} ${field.name} = ${field.number}`;
}

/** `map<string, Entry> entries = 1`. */
export function mapHead(
  { name, number }: FieldDescriptorProto,
  entry: DescriptorProto,
  scope: string,
  context: FileContext,
): string {
  const [key, value] = [1, 2].map((no) => entry.field.find((field) => field.number === no)!);
  return `map<${typeOf(key!, scope, context)}, ${typeOf(value!, scope, context)}> ${name} = ${number}`;
}

/** `optional group Name = 1`. */
export function groupHead(field: FieldDescriptorProto, group: DescriptorProto, context: FileContext): string {
  return `${labelOf(field, context)}group ${group.name} = ${field.number}`;
}

/** What stands in brackets after a field. */
export function fieldOptions(field: FieldDescriptorProto, scope: string, { options }: FileContext): readonly string[] {
  const { extendee, jsonName, name } = field;
  // A compiler writes the JSON name of every field.
  const hasOwnJsonName = extendee === '' && jsonName !== '' && jsonName !== jsonNameOf(name);
  return [
    ...(isFieldSet(field, FieldDescriptorProtoSchema.field.defaultValue) ? [`default = ${defaultOf(field)}`] : []),
    ...(hasOwnJsonName ? [`json_name = ${stringLiteral(jsonName)}`] : []),
    ...options.print(FieldOptionsSchema, field.options, scope),
  ];
}

/** Each syntax has labels of its own, and members of a oneof have none. */
function labelOf(field: FieldDescriptorProto, { syntax }: FileContext): string {
  if (field.label === Label.REPEATED) return 'repeated ';
  if (field.label === Label.REQUIRED) return 'required ';
  return field.proto3Optional || (syntax === 'proto2' && !isInOneof(field)) ? 'optional ' : '';
}

/** Whether the field is a member of a oneof that stands in the file, and not only in the descriptor of an optional field. */
export function isInOneof(field: FieldDescriptorProto): boolean {
  return isFieldSet(field, FieldDescriptorProtoSchema.field.oneofIndex) && !field.proto3Optional;
}

function typeOf({ type, typeName }: FieldDescriptorProto, scope: string, { names }: FileContext): string {
  return typeName === '' ? Type[type].toLowerCase() : names.typeName(typeName.replace(/^\./, ''), scope);
}

/** A descriptor has the bytes of a default escaped already. */
function defaultOf({ type, defaultValue }: FieldDescriptorProto): string {
  if (type === Type.STRING) return stringLiteral(defaultValue);
  return type === Type.BYTES ? `"${defaultValue}"` : defaultValue;
}

function jsonNameOf(name: string): string {
  return name.replaceAll(/_+(.?)/g, (_, next: string) => next.toUpperCase());
}
