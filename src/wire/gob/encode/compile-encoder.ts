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
import { encodeAny } from './encode-any.js';
import type { EncodeContext, ValueEncoder } from './encode-context.js';
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

// A cache by schema; schemas are immutable, so encoders can be shared by all streams.
const compiled = new WeakMap<SchemaNode, ValueEncoder>();

/** The encoder of a schema; compiled when it is first asked for. */
export function encoderOf(node: SchemaNode): ValueEncoder {
  const known = compiled.get(node);
  if (known !== undefined) return known;
  if (node.kind === 'lazy') return encoderOf(node.resolve());
  // Stored before it is complete, because recursive types refer to it.
  const encoder: ValueEncoder = { write: incomplete };
  compiled.set(node, encoder);
  try {
    return Object.assign(encoder, compile(node));
  } catch (error) {
    compiled.delete(node);
    throw error;
  }
}

function incomplete(): never {
  throw new TypeError('gob: schema used before it was complete');
}

function compile(node: Exclude<SchemaNode, { kind: 'lazy' }>): ValueEncoder {
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
      return { write: encodeAny, omit: isNil };
  }
}

function enter(target: EncodeContext): void {
  target.depth += 1;
  if (target.depth > target.maxDepth) {
    throw exceeded(`nested deeper than ${target.maxDepth} levels (a cycle?)`);
  }
}

function compileSequence(node: SequenceNode): ValueEncoder {
  const element = encoderOf(node.element);
  const fixed = node.kind === 'array' ? node.length : undefined;
  const expected = fixed === undefined ? 'an array' : `an array of ${fixed}`;
  const write: ValueEncoder['write'] = (target, value) => {
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

function compileMap(node: MapNode): ValueEncoder {
  const key = encoderOf(node.key);
  const element = encoderOf(node.element);
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

interface FieldEncoder {
  readonly name: string;
  readonly encoder: ValueEncoder;
}

/** A struct without fields takes any value but null and undefined, as the TypeScript type `{}` does. */
const EMPTY_STRUCT: ValueEncoder = {
  write(target, value) {
    if (isNil(value)) throw wrong('an object', value);
    target.out.uint(0);
  },
};

function compileStruct(node: StructNode): ValueEncoder {
  const fields = node.fields.map(({ name, type }): FieldEncoder => ({ name, encoder: encoderOf(type) }));
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
          const { name, encoder } = fields[i]!;
          const content = record[name];
          if (encoder.omit?.(content) === true) continue;
          target.out.uint(i - last);
          last = i;
          encoder.write(target, content);
        }
      } catch (error) {
        throw within(error, `.${fields[i]!.name}`);
      }
      target.out.uint(0);
      target.depth -= 1;
    },
  };
}

function compilePointer(node: PointerNode): ValueEncoder {
  const target = encoderOf(node.target);
  return {
    write(to, value) {
      if (isNil(value)) throw mismatch('a nil pointer can only be sent as a field of a struct');
      target.write(to, value);
    },
    omit: (value) => isNil(value) || target.omit?.(value) === true,
  };
}

function compileInterface(node: InterfaceNode): ValueEncoder {
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
