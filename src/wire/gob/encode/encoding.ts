import { exceeded, keyStep, mismatch, within } from '../failure.js';
import {
  flatten,
  type InterfaceNode,
  type MapNode,
  type PointerNode,
  type SchemaNode,
  type SequenceNode,
  type StructNode,
} from '../schema/schema.js';
import type { GobDynamic } from '../schema/values.js';
import {
  BOOL,
  BYTES,
  compileComplex,
  compileFloat,
  compileInteger,
  compileOpaque,
  isNil,
  STRING,
  wrong,
} from './encode-scalars.js';
import type { EncodeTarget, Encoding } from './encode-target.js';
import { encodePlain } from './plain.js';

const compiled = new WeakMap<SchemaNode, Encoding>();

/** The encoding of a schema. */
export function encodingOf(node: SchemaNode): Encoding {
  const known = compiled.get(node);
  if (known !== undefined) return known;
  if (node.kind === 'lazy') return encodingOf(node.resolve());
  // Recorded before it is complete: recursive types refer to it.
  const encoding: Encoding = { write: incomplete };
  compiled.set(node, encoding);
  try {
    return Object.assign(encoding, compile(node));
  } catch (error) {
    compiled.delete(node);
    throw error;
  }
}

function incomplete(): never {
  throw new TypeError('gob: schema used before it was complete');
}

function compile(node: Exclude<SchemaNode, { kind: 'lazy' }>): Encoding {
  switch (node.kind) {
    case 'bool':
      return BOOL;
    case 'int':
    case 'uint':
      return compileInteger(node);
    case 'float':
      return compileFloat(node);
    case 'complex':
      return compileComplex(node);
    case 'string':
      return STRING;
    case 'bytes':
      return BYTES;
    case 'slice':
    case 'array':
      return compileSequence(node);
    case 'map':
      return compileMap(node);
    case 'struct':
      return compileStruct(node);
    case 'pointer':
      return compilePointer(node);
    case 'interface':
      return compileInterface(node);
    case 'opaque':
      return compileOpaque(node);
    case 'any':
      return { write: encodePlain, omit: isNil };
  }
}

function enter(target: EncodeTarget): void {
  target.depth += 1;
  if (target.depth > target.maxDepth) {
    throw exceeded(`nested deeper than ${target.maxDepth} levels (a cycle?)`);
  }
}

function compileSequence(node: SequenceNode): Encoding {
  const element = encodingOf(node.element);
  const fixed = node.kind === 'array' ? node.length : undefined;
  const expected = fixed === undefined ? 'an array' : `an array of ${fixed}`;
  const write: Encoding['write'] = (target, value) => {
    if (!Array.isArray(value) || (fixed !== undefined && value.length !== fixed)) throw wrong(expected, value);
    enter(target);
    target.out.uint(value.length);
    let i = 0;
    try {
      for (; i < value.length; i += 1) element.write(target, value[i]);
    } catch (error) {
      throw within(error, `[${i}]`);
    }
    target.depth -= 1;
  };
  if (fixed !== undefined) return { write };
  return { write, omit: (value) => Array.isArray(value) && value.length === 0 };
}

function compileMap(node: MapNode): Encoding {
  const key = encodingOf(node.key);
  const element = encodingOf(node.element);
  const byName = flatten(node.key).kind === 'string';
  return {
    write(target, value) {
      const entries = byName ? namedEntries(value) : mapEntries(value);
      enter(target);
      target.out.uint(entries.length);
      for (const [k, v] of entries) {
        try {
          key.write(target, k);
          element.write(target, v);
        } catch (error) {
          throw within(error, keyStep(k));
        }
      }
      target.depth -= 1;
    },
  };
}

function namedEntries(value: unknown): readonly (readonly [unknown, unknown])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Map) {
    throw wrong('an object', value);
  }
  return Object.entries(value);
}

function mapEntries(value: unknown): readonly (readonly [unknown, unknown])[] {
  if (!(value instanceof Map)) throw wrong('a Map', value);
  return [...value];
}

interface FieldEncoding {
  readonly name: string;
  readonly encoding: Encoding;
}

/** Takes whatever its type, `{}`, takes: what a function returns that has nothing to say, for instance. */
const EMPTY_STRUCT: Encoding = {
  write(target, value) {
    if (isNil(value)) throw wrong('an object', value);
    target.out.uint(0);
  },
};

function compileStruct(node: StructNode): Encoding {
  const fields = node.fields.map(({ name, type }): FieldEncoding => ({ name, encoding: encodingOf(type) }));
  if (fields.length === 0) return EMPTY_STRUCT;
  return {
    write(target, value) {
      if (typeof value !== 'object' || value === null) throw wrong('an object', value);
      enter(target);
      const record = value as Readonly<Record<string, unknown>>;
      let last = -1;
      let i = 0;
      try {
        for (; i < fields.length; i += 1) {
          const { name, encoding } = fields[i]!;
          const content = record[name];
          if (encoding.omit?.(content) === true) continue;
          target.out.uint(i - last);
          last = i;
          encoding.write(target, content);
        }
      } catch (error) {
        throw within(error, `.${fields[i]!.name}`);
      }
      target.out.uint(0);
      target.depth -= 1;
    },
  };
}

function compilePointer(node: PointerNode): Encoding {
  const target = encodingOf(node.target);
  return {
    write(to, value) {
      if (isNil(value)) throw mismatch('a nil pointer can only be sent as a field of a struct');
      target.write(to, value);
    },
    omit: (value) => isNil(value) || target.omit?.(value) === true,
  };
}

function compileInterface(node: InterfaceNode): Encoding {
  return {
    write(target, value) {
      if (isNil(value)) {
        target.out.uint(0);
        return;
      }
      const { type, value: content } = value as Partial<GobDynamic>;
      if (typeof type !== 'string') throw wrong('null or an object with type and value', value);
      target.dynamic(type, content, node);
    },
    omit: isNil,
  };
}
