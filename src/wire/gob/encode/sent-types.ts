import { flatten, type SchemaNode } from '../schema/schema.js';
import {
  BOOL_ID,
  BYTES_ID,
  COMPLEX_ID,
  FLOAT_ID,
  INT_ID,
  INTERFACE_ID,
  STRING_ID,
  UINT_ID,
} from '../schema/type-ids.js';
import type { GobWriter } from './writer.js';

type FlatNode = ReturnType<typeof flatten>;
type DefinedNode = Extract<FlatNode, { kind: 'slice' | 'array' | 'map' | 'struct' | 'opaque' }>;

interface SentType {
  readonly node: DefinedNode;
  /** Ids of elements (key before value) or fields. */
  readonly parts: readonly number[];
}

/**
 * The types that one stream has sent: gives every type an id and writes its definition once. Types of equal structure share an id, so
 * that a schema constructed on every call is not defined on every call.
 */
export class SentTypes {
  #nextId: number;
  readonly #ids = new WeakMap<FlatNode, number>();
  readonly #idsByStructure = new Map<string, number>();
  readonly #types = new Map<number, SentType>();
  readonly #defined = new Set<number>();
  #uncommitted: number[] = [];

  constructor(firstId: number) {
    this.#nextId = firstId;
  }

  /** The id of a type. Writes the definitions that were not sent yet to `out`, outer types first. */
  define(node: SchemaNode, out: GobWriter): number {
    const id = this.#idOf(flatten(node), new Map());
    this.#writeDefinitions(id, out);
    return id;
  }

  /** Keeps the definitions since the last commit: they are part of the output. */
  commit(): void {
    if (this.#uncommitted.length > 0) this.#uncommitted = [];
  }

  /** Forgets the definitions since the last commit: they were removed from the output. */
  rollBack(): void {
    for (const id of this.#uncommitted) this.#defined.delete(id);
    this.#uncommitted = [];
  }

  /** `open`: the enclosing types, with an id if a part of them has already referred to them (recursion). */
  #idOf(node: FlatNode, open: Map<FlatNode, number | undefined>): number {
    const basic = basicId(node);
    if (basic !== undefined) return basic;
    const known = this.#ids.get(node) ?? open.get(node);
    if (known !== undefined) return known;
    const defined = node as DefinedNode;
    if (open.has(node)) {
      const id = this.#nextId++;
      open.set(node, id);
      return id;
    }
    open.set(node, undefined);
    const parts = partsOf(defined).map((part) => this.#idOf(flatten(part), open));
    const id = open.get(node) ?? this.#idByStructure(defined, parts);
    open.delete(node);
    if (!this.#types.has(id)) this.#types.set(id, { node: defined, parts });
    this.#ids.set(node, id);
    return id;
  }

  #idByStructure(node: DefinedNode, parts: readonly number[]): number {
    const structure = JSON.stringify([node.kind, ...ownStructure(node), parts]);
    const known = this.#idsByStructure.get(structure);
    if (known !== undefined) return known;
    const id = this.#nextId++;
    this.#idsByStructure.set(structure, id);
    return id;
  }

  #writeDefinitions(id: number, out: GobWriter): void {
    const type = this.#types.get(id);
    if (type === undefined || this.#defined.has(id)) return;
    this.#defined.add(id);
    this.#uncommitted.push(id);
    writeDefinition(out, id, type.node, type.parts);
    for (const part of type.parts) this.#writeDefinitions(part, out);
  }
}

function basicId(node: FlatNode): number | undefined {
  switch (node.kind) {
    case 'bool':
      return BOOL_ID;
    case 'int':
      return INT_ID;
    case 'uint':
      return UINT_ID;
    case 'float':
      return FLOAT_ID;
    case 'bytes':
      return BYTES_ID;
    case 'string':
      return STRING_ID;
    case 'complex':
      return COMPLEX_ID;
    case 'interface':
    case 'any':
      return INTERFACE_ID;
    case 'slice':
    case 'array':
    case 'map':
    case 'struct':
    case 'opaque':
      return undefined;
  }
}

function partsOf(node: DefinedNode): readonly SchemaNode[] {
  if (node.kind === 'struct') return node.fields.map((field) => field.type);
  if (node.kind === 'opaque') return [];
  return node.kind === 'map' ? [node.key, node.element] : [node.element];
}

/** What distinguishes types that have the same parts. */
function ownStructure(node: DefinedNode): readonly unknown[] {
  if (node.kind === 'struct') return [node.name, node.fields.map((field) => field.name)];
  if (node.kind === 'opaque') return [node.name, node.form];
  return node.kind === 'array' ? [node.length] : [];
}

/** Field numbers of wireType, from 1 (encoding/gob type.go wireType). */
const FORM = { array: 1, slice: 2, struct: 3, map: 4, gob: 5, binary: 6, text: 7 } as const;

/** One message: the negated id and a wireType struct. */
function writeDefinition(out: GobWriter, id: number, node: DefinedNode, parts: readonly number[]): void {
  const from = out.beginCount();
  out.int(-id);
  out.uint(FORM[node.kind === 'opaque' ? node.form : node.kind]);
  writeCommonType(out, id, node.kind === 'struct' || node.kind === 'opaque' ? node.name : '');
  if (node.kind === 'struct') writeFields(out, node, parts);
  else writeParts(out, node, parts);
  out.uint(0);
  out.uint(0);
  out.endCount(from);
}

function writeCommonType(out: GobWriter, id: number, name: string): void {
  out.uint(1);
  if (name !== '') {
    out.uint(1);
    out.text(name);
  }
  out.uint(name === '' ? 2 : 1);
  out.int(id);
  out.uint(0);
}

function writeFields(out: GobWriter, node: Extract<DefinedNode, { kind: 'struct' }>, parts: readonly number[]): void {
  if (parts.length === 0) return;
  out.uint(1);
  out.uint(parts.length);
  for (const [i, { name }] of node.fields.entries()) {
    out.uint(1);
    out.text(name);
    out.uint(1);
    out.int(parts[i]!);
    out.uint(0);
  }
}

function writeParts(out: GobWriter, node: DefinedNode, parts: readonly number[]): void {
  for (const part of parts) {
    out.uint(1);
    out.int(part);
  }
  if (node.kind === 'array' && node.length > 0) {
    out.uint(1);
    out.int(node.length);
  }
}
