import type { DescField, DescMessage, ScalarType } from '@bufbuild/protobuf';
import { fieldPath, isFields, kindOf, unknownField, wrongValue } from './wrong-field.js';

/** Fields of these types are given in a form of their own: https://protobufes.com, "Well-known types". */
const OWN_FORM = /^google\.protobuf\.(Struct|Value|ListValue|\w+Value)$/;

const INT64: ReadonlySet<ScalarType> = new Set([3, 4, 6, 16, 18]);
const BOOL = 8;
const STRING = 9;
const BYTES = 12;

/** Throws TypeError for fields that the message does not have, and for values of a wrong type, with their path. */
export function checkProtobufEs(message: DescMessage, given: unknown, path = ''): void {
  if (OWN_FORM.test(message.typeName)) return;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw wrongValue(path, 'an object', given);
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined || value === null || key === '$typeName' || key === '$unknown') continue;
    const at = fieldPath(path, key);
    const member = message.members.find(({ localName }) => localName === key);
    if (member === undefined) throw unknownField(at, namesOf(message));
    if (member.kind === 'field') checkField(member, value, at);
    else checkOneof(member.fields, value as OneofValue, at);
  }
}

interface OneofValue {
  readonly case?: unknown;
  readonly value?: unknown;
}

function checkOneof(fields: readonly DescField[], given: OneofValue, path: string): void {
  if (!isFields(given)) throw wrongValue(path, 'an object with `case` and `value`', given);
  if (given.case === undefined) return;
  const field = fields.find(({ localName }) => localName === given.case);
  if (field === undefined) throw wrongValue(`${path}.case`, oneOf(fields), given.case);
  checkField(field, given.value, `${path}.value`);
}

function oneOf(fields: readonly DescField[]): string {
  return `one of ${fields.map(({ localName }) => `'${localName}'`).join(', ')}`;
}

function namesOf({ members }: DescMessage): string[] {
  return members.map(({ localName }) => localName);
}

function checkField(field: DescField, value: unknown, path: string): void {
  if (field.fieldKind === 'list') {
    if (!Array.isArray(value)) throw wrongValue(path, 'an array', value);
    for (const [index, item] of value.entries()) checkValue(field, item, fieldPath(path, index));
  } else if (field.fieldKind === 'map') {
    if (!isFields(value)) throw wrongValue(path, 'an object', value);
    for (const [key, item] of Object.entries(value)) checkValue(field, item, fieldPath(path, key));
  } else checkValue(field, value, path);
}

function checkValue(field: DescField, value: unknown, path: string): void {
  if (field.message !== undefined) return checkProtobufEs(field.message, value, path);
  const expected =
    field.scalar === undefined ? 'a number' : scalarKind(field.scalar, 'longAsString' in field && field.longAsString);
  if (kindOf(value) !== expected) throw wrongValue(path, expected, value);
}

function scalarKind(scalar: ScalarType, longAsString: boolean): string {
  if (INT64.has(scalar)) return longAsString ? 'a string' : 'a bigint';
  if (scalar === BOOL) return 'a boolean';
  if (scalar === STRING) return 'a string';
  return scalar === BYTES ? 'a Uint8Array' : 'a number';
}
