import { exceeded, GobFailure, mismatch } from '../failure.js';
import { flatten, nameOf, type SchemaNode } from '../schema/schema.js';
import type { Decoding } from './decode-source.js';
import { expectSingleton } from './skip.js';
import { type WireTypes, wireTypeName } from './wire-types.js';

interface Failed {
  readonly failure: GobFailure;
  /** How many types were defined then: another may mend it. */
  readonly types: number;
}

/** Matches a schema with a type of the peer, asking the decodings for its parts. Throws a GobFailure. */
type Compile = (decodings: Decodings, node: ReturnType<typeof flatten>, id: number) => Decoding;

type ByType = Map<number, Decoding | Failed>;

/**
 * The decodings of one stream: for every pair of a schema and a type of the peer, compiled when first met. What does not fit is
 * remembered too, so that a peer cannot make us compile in vain over and over.
 */
export class Decodings {
  readonly types: WireTypes;
  readonly #maxDepth: number;
  readonly #compile: Compile;
  readonly #values = new WeakMap<SchemaNode, ByType>();
  readonly #contents = new WeakMap<SchemaNode, ByType>();
  #depth = 0;
  /** What the running compilation has recorded: forgotten when it fails, because it may refer to what failed. */
  #fresh: (readonly [ByType, number])[] = [];

  constructor(types: WireTypes, maxDepth: number, compile: Compile) {
    this.types = types;
    this.#maxDepth = maxDepth;
    this.#compile = compile;
  }

  /** How a value of the peer's type becomes a value of the schema. Throws a GobFailure where they do not fit. */
  valueOf(schema: SchemaNode, id: number): Decoding {
    const node = flatten(schema);
    const byType = entry(this.#values, node);
    const known = byType.get(id);
    if (known !== undefined && !this.#isStale(known)) return succeeded(known);
    // Recorded before it is complete: recursive types refer to it.
    const decoding: Decoding = { read: incomplete };
    byType.set(id, decoding);
    this.#fresh.push([byType, id]);
    this.#depth += 1;
    try {
      if (this.#depth > this.#maxDepth) throw exceeded(`types nested deeper than ${this.#maxDepth} levels`);
      Object.assign(decoding, this.#compile(this, node, id));
    } catch (error) {
      this.#forget(byType, id, error);
      throw error;
    } finally {
      this.#depth -= 1;
    }
    if (this.#depth === 0) this.#fresh = [];
    return decoding;
  }

  /** How the content of a message or of an interface becomes a value: a struct as it is, anything else behind a 0. */
  contentOf(node: SchemaNode, id: number): Decoding {
    const byType = entry(this.#contents, node);
    const known = byType.get(id);
    if (known !== undefined && !this.#isStale(known)) return succeeded(known);
    try {
      const content = this.#compileContent(node, id);
      byType.set(id, content);
      return content;
    } catch (error) {
      if (error instanceof GobFailure) byType.set(id, { failure: error, types: this.types.size });
      throw error;
    }
  }

  #compileContent(node: SchemaNode, id: number): Decoding {
    const value = this.valueOf(node, id);
    if (this.types.find(id)?.kind === 'struct') {
      this.#checkCommonFields(node, id);
      return value;
    }
    return {
      read(from) {
        expectSingleton(from);
        return value.read(from);
      },
    };
  }

  /** go-plugin: structs without a common field do not match, unless one of them has no fields at all (gob decode.go decodeValue). */
  #checkCommonFields(node: SchemaNode, id: number): void {
    const type = this.types.get(id);
    const local = flatten(node);
    if (type.kind !== 'struct' || local.kind !== 'struct') return;
    if (type.fields.length === 0 || local.fields.length === 0) return;
    const names = new Set(type.fields.map((field) => field.name));
    if (local.fields.some((field) => names.has(field.name))) return;
    throw mismatch(`${wireTypeName(id, type)} has no field in common with ${nameOf(node)}`);
  }

  #isStale(known: Decoding | Failed): boolean {
    return 'failure' in known && known.types !== this.types.size;
  }

  #forget(byType: ByType, id: number, error: unknown): void {
    if (this.#depth > 1) return;
    for (const [map, key] of this.#fresh) map.delete(key);
    this.#fresh = [];
    if (error instanceof GobFailure) byType.set(id, { failure: error, types: this.types.size });
  }
}

function entry(cache: WeakMap<SchemaNode, ByType>, node: SchemaNode): ByType {
  const known = cache.get(node);
  if (known !== undefined) return known;
  const created: ByType = new Map();
  cache.set(node, created);
  return created;
}

function succeeded(known: Decoding | Failed): Decoding {
  if (!('failure' in known)) return known;
  const { code, reason, path } = known.failure;
  throw Object.assign(new GobFailure(code, reason), { path });
}

function incomplete(): never {
  throw new TypeError('gob: type used before it was complete');
}
