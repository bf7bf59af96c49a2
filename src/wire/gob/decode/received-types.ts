import { exceeded, malformed, mismatch } from '../failure.js';
import type { GobLimits } from '../limits.js';
import type { OpaqueForm } from '../schema/schema.js';
import { FIRST_DEFINED_ID, INTERFACE_ID } from '../schema/type-ids.js';
import type { GobReader } from './reader.js';

export interface WireField {
  readonly name: string;
  readonly id: number;
}

/** A type as the peer defined it. gob never compares names of types; they are kept for error messages. */
export type WireType =
  | { readonly kind: 'slice'; readonly name: string; readonly element: number }
  | { readonly kind: 'array'; readonly name: string; readonly element: number; readonly length: number }
  | { readonly kind: 'map'; readonly name: string; readonly key: number; readonly element: number }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: readonly WireField[] }
  | { readonly kind: 'opaque'; readonly name: string; readonly form: OpaqueForm };

/** The types that the peer has defined in a stream. */
export class ReceivedTypes {
  readonly #types = new Map<number, WireType>();
  /** The offset of each definition in the stream: one definition is read twice when its value is. */
  readonly #places = new Map<number, number>();
  readonly #holders = new Set([INTERFACE_ID]);
  readonly #users = new Map<number, number[]>();
  readonly #limits: GobLimits;
  #bytes = 0;

  constructor(limits: GobLimits) {
    this.#limits = limits;
  }

  /** The type with an id. Throws a GobFailure if it was not defined. */
  get(id: number): WireType {
    const type = this.#types.get(id);
    if (type === undefined) throw malformed(`the type id ${id} is not defined`);
    return type;
  }

  find(id: number): WireType | undefined {
    return this.#types.get(id);
  }

  /** Reads the definition of an id. `place` is its offset in the stream, which tells a second reading from a second definition. */
  define(id: number, reader: GobReader, place: number): void {
    const known = this.#places.get(id);
    if (id < FIRST_DEFINED_ID || (known !== undefined && known !== place)) {
      throw malformed(`duplicate type received: ${id}`);
    }
    const from = reader.pos;
    const type = readWireType(reader, this.#limits.maxTypeBytes - (known === undefined ? this.#bytes : 0));
    if (known !== undefined) return;
    this.#bytes += reader.pos - from;
    this.#types.set(id, type);
    this.#places.set(id, place);
    this.#link(id, type);
  }

  /** Whether values of this type can hold interfaces, and so continue in another message. */
  holdsInterface(id: number): boolean {
    return this.#holders.has(id);
  }

  /** The number of types that were defined. */
  get size(): number {
    return this.#types.size;
  }

  /** Updates the set of types that hold interfaces. Definitions arrive in any order; every reference is followed once. */
  #link(id: number, type: WireType): void {
    const parts = partsOf(type);
    for (const part of parts) {
      const users = this.#users.get(part);
      if (users === undefined) this.#users.set(part, [id]);
      else users.push(id);
    }
    if (!parts.some((part) => this.#holders.has(part))) return;
    const found = [id];
    for (const holder of found) {
      if (this.#holders.has(holder)) continue;
      this.#holders.add(holder);
      for (const user of this.#users.get(holder) ?? []) found.push(user);
    }
  }
}

function partsOf(type: WireType): readonly number[] {
  switch (type.kind) {
    case 'struct':
      return type.fields.map((field) => field.id);
    case 'map':
      return [type.key, type.element];
    case 'slice':
    case 'array':
      return [type.element];
    case 'opaque':
      return [];
  }
}

/** The name of a type of the peer in error messages. */
export function wireTypeName(id: number, type: WireType | undefined): string {
  if (type === undefined) return BASIC_NAMES[id] ?? `type ${id}`;
  const name = type.name === '' ? '' : ` ${type.name.slice(0, 60)}`;
  if (type.kind === 'array') return `array of ${type.length}${name}`;
  return `${type.kind === 'opaque' ? 'self-encoded' : type.kind}${name}`;
}

const BASIC_NAMES = ['', 'bool', 'int', 'uint', 'float', 'bytes', 'string', 'complex', 'interface'];
const OPAQUE_FORMS: readonly OpaqueForm[] = ['gob', 'binary', 'text'];

/** The parts of a definition; which of them are used depends on its form. */
interface Draft {
  name: string;
  first: number;
  second: number;
  fields: WireField[];
}

/**
 * Reads a wireType struct (encoding/gob type.go wireType), of which exactly one of seven fields is present. Its structure is fixed, so
 * unknown fields are errors.
 */
function readWireType(reader: GobReader, budget: number): WireType {
  const limit = reader.pos + budget;
  const form = reader.count();
  if (form < 1 || form > 7) throw malformed(`a type definition cannot begin with ${form}`);
  const draft: Draft = { name: '', first: 0, second: 0, fields: [] };
  readFields(reader, limit, (field) => readDraftField(reader, limit, form, field, draft));
  if (reader.count() !== 0) throw malformed('a type definition has more than one form');
  const { name, first, second, fields } = draft;
  if (form === 1) return { kind: 'array', name, element: first, length: second };
  if (form === 2) return { kind: 'slice', name, element: first };
  if (form === 3) return { kind: 'struct', name, fields };
  if (form === 4) return { kind: 'map', name, key: first, element: second };
  return { kind: 'opaque', name, form: OPAQUE_FORMS[form - 5]! };
}

/** The fields of a struct by number until the terminator. */
function readFields(reader: GobReader, limit: number, read: (field: number) => void): void {
  let field = -1;
  for (;;) {
    const delta = reader.count();
    if (delta === 0) return;
    field += delta;
    read(field);
    if (reader.pos > limit) throw exceeded('the type definitions of the stream are over the limit');
  }
}

function readDraftField(reader: GobReader, limit: number, form: number, field: number, draft: Draft): void {
  if (field === 0) readCommonType(reader, limit, draft);
  else if (field === 1 && form === 3) draft.fields = readWireFields(reader, limit);
  else if (field === 1 && form <= 4) draft.first = reader.typeId();
  else if (field === 2 && (form === 1 || form === 4)) draft.second = readSecond(reader);
  else throw malformed(`a type definition of form ${form} has no field ${field}`);
}

/** The length of an array or the element of a map. */
function readSecond(reader: GobReader): number {
  const value = reader.int();
  if (typeof value === 'bigint' || value < 0) throw malformed(`a type definition has the length or element ${value}`);
  return value;
}

/** The id in it repeats the one before the definition; Go ignores it, even a wrong one. */
function readCommonType(reader: GobReader, limit: number, draft: Draft): void {
  readFields(reader, limit, (field) => {
    if (field === 0) draft.name = reader.text();
    else if (field === 1) reader.int();
    else throw malformed(`CommonType has no field ${field}`);
  });
}

function readWireFields(reader: GobReader, limit: number): WireField[] {
  const count = reader.count();
  if (count > reader.remaining) throw malformed(`${count} fields announced, ${reader.remaining} bytes left`);
  const fields: WireField[] = [];
  for (let i = 0; i < count; i += 1) {
    let name = '';
    let id = 0;
    readFields(reader, limit, (field) => {
      if (field === 0) name = reader.text();
      else if (field === 1) id = reader.typeId();
      else throw malformed(`fieldType has no field ${field}`);
    });
    if (name === '') throw mismatch('a struct field has no name');
    fields.push({ name, id });
    if (reader.pos > limit) throw exceeded('the type definitions of the stream are over the limit');
  }
  return fields;
}
