/** `docs/plugin.schema.json`, which editors look at, and the parser say the same of the same manifests. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { MANIFEST_NAMES } from '../../../src/wire/manifest/manifest.js';
import { BAD, GOOD } from './examples.js';

type Schema = Readonly<Record<string, unknown>>;
type Check = (limit: unknown, value: unknown, schema: Schema) => boolean;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const unlessText = (check: (text: string) => boolean, value: unknown) => typeof value !== 'string' || check(value);
const unlessList = (check: (list: readonly unknown[]) => boolean, value: unknown) =>
  !Array.isArray(value) || check(value);
const unlessObject = (check: (object: Record<string, unknown>) => boolean, value: unknown) =>
  !isObject(value) || check(value);
const unlessNumber = (check: (number: number) => boolean, value: unknown) => typeof value !== 'number' || check(value);

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  integer: Number.isInteger,
  array: Array.isArray,
  object: isObject,
};

/** The words of JSON Schema (draft 7) that the file uses. Another word fails the test. */
const WORDS: Readonly<Record<string, Check>> = {
  $schema: () => true,
  title: () => true,
  description: () => true,
  type: (type, value) => TYPES[type as string]!(value),
  const: (wanted, value) => value === wanted,
  pattern: (pattern, value) => unlessText((text) => new RegExp(pattern as string, 'u').test(text), value),
  maxLength: (most, value) => unlessText((text) => text.length <= (most as number), value),
  minimum: (least, value) => unlessNumber((number) => number >= (least as number), value),
  maximum: (most, value) => unlessNumber((number) => number <= (most as number), value),
  minItems: (least, value) => unlessList((list) => list.length >= (least as number), value),
  maxItems: (most, value) => unlessList((list) => list.length <= (most as number), value),
  uniqueItems: (_, value) => unlessList((list) => new Set(list).size === list.length, value),
  items: (items, value, schema) =>
    unlessList(
      (list) =>
        list.every((one, index) =>
          Array.isArray(items)
            ? fits((items[index] ?? schema['additionalItems']) as Schema, one)
            : fits(items as Schema, one),
        ),
      value,
    ),
  additionalItems: () => true,
  maxProperties: (most, value) => unlessObject((object) => Object.keys(object).length <= (most as number), value),
  required: (names, value) => unlessObject((object) => (names as string[]).every((name) => name in object), value),
  propertyNames: (name, value) =>
    unlessObject((object) => Object.keys(object).every((key) => fits(name as Schema, key)), value),
  properties: (known, value) =>
    unlessObject(
      (object) =>
        Object.entries(known as Record<string, Schema>).every(
          ([name, one]) => !(name in object) || fits(one, object[name]),
        ),
      value,
    ),
  additionalProperties: (rest, value, { properties = {} }) =>
    unlessObject(
      (object) =>
        Object.entries(object)
          .filter(([name]) => !Object.hasOwn(properties as object, name))
          .every(([, one]) => rest !== false && fits(rest as Schema, one)),
      value,
    ),
};

function fits(schema: Schema, value: unknown): boolean {
  return Object.entries(schema).every(([word, limit]) => {
    const check = WORDS[word];
    assert.ok(check !== undefined, `the test knows ${word}`);
    return check(limit, value, schema);
  });
}

const file = new URL('../../../../docs/plugin.schema.json', import.meta.url);
const schema = JSON.parse(readFileSync(file, 'utf8')) as Schema & { properties: Record<string, Schema> };

for (const [name, given] of Object.entries(GOOD)) {
  test(`fits the schema: ${name}`, () => assert.ok(fits(schema, given)));
}

for (const [name, [given]] of Object.entries(BAD)) {
  test(`does not fit the schema: ${name}`, () => assert.ok(!fits(schema, given)));
}

test('the schema has the fields of the format, and that of editors', () => {
  assert.deepEqual(Object.keys(schema.properties), ['$schema', ...MANIFEST_NAMES]);
});
