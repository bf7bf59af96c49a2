import { exceeded, GobFailure, mismatch } from '../failure.js';
import { flatten, nameOf, type SchemaNode } from '../schema/schema.js';
import type { ValueDecoder } from './decode-context.js';
import { type ReceivedTypes, wireTypeName } from './received-types.js';
import { expectSingleton } from './skip.js';

interface Failed {
  readonly failure: GobFailure;
  /** How many types were defined at the time: with more, it may succeed. */
  readonly types: number;
}

/** Compiles the decoder of a schema and a type of the peer; gets the decoders of their parts from the cache. Throws a GobFailure. */
type Compile = (cache: DecoderCache, node: ReturnType<typeof flatten>, id: number) => ValueDecoder;

type ByType = Map<number, ValueDecoder | Failed>;

/**
 * The decoders of one stream: one for every pair of a schema and a type of the peer, compiled when first needed. Failures are cached too,
 * so that a peer cannot make us compile the same mismatch again and again.
 */
export class DecoderCache {
  readonly types: ReceivedTypes;
  readonly #maxDepth: number;
  readonly #compile: Compile;
  readonly #values = new WeakMap<SchemaNode, ByType>();
  readonly #contents = new WeakMap<SchemaNode, ByType>();
  #depth = 0;
  /** Entries of the running compilation. They are removed if it fails, because they may refer to what failed. */
  #fresh: (readonly [ByType, number])[] = [];

  constructor(types: ReceivedTypes, maxDepth: number, compile: Compile) {
    this.types = types;
    this.#maxDepth = maxDepth;
    this.#compile = compile;
  }

  /** The decoder for values of the peer's type `id`. Throws a GobFailure if the schema does not match the type. */
  valueOf(schema: SchemaNode, id: number): ValueDecoder {
    const node = flatten(schema);
    const byType = entry(this.#values, node);
    const known = byType.get(id);
    if (known !== undefined && !this.#isStale(known)) return succeeded(known);
    // Stored before it is complete, because recursive types refer to it.
    const decoder: ValueDecoder = { read: incomplete };
    byType.set(id, decoder);
    this.#fresh.push([byType, id]);
    this.#depth += 1;
    try {
      if (this.#depth > this.#maxDepth) throw exceeded(`types nested deeper than ${this.#maxDepth} levels`);
      Object.assign(decoder, this.#compile(this, node, id));
    } catch (error) {
      this.#forget(byType, id, error);
      throw error;
    } finally {
      this.#depth -= 1;
    }
    if (this.#depth === 0) this.#fresh = [];
    return decoder;
  }

  /** The decoder for the content of a message or of an interface: a struct, or 0 and a value. */
  contentOf(node: SchemaNode, id: number): ValueDecoder {
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

  #compileContent(node: SchemaNode, id: number): ValueDecoder {
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

  /** Structs without a common field do not match, unless one of them has no fields at all (encoding/gob decode.go decodeValue). */
  #checkCommonFields(node: SchemaNode, id: number): void {
    const type = this.types.get(id);
    const local = flatten(node);
    if (type.kind !== 'struct' || local.kind !== 'struct') return;
    if (type.fields.length === 0 || local.fields.length === 0) return;
    const names = new Set(type.fields.map((field) => field.name));
    if (local.fields.some((field) => names.has(field.name))) return;
    throw mismatch(`${wireTypeName(id, type)} has no field in common with ${nameOf(node)}`);
  }

  #isStale(known: ValueDecoder | Failed): boolean {
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

function succeeded(known: ValueDecoder | Failed): ValueDecoder {
  if (!('failure' in known)) return known;
  const { code, reason, path } = known.failure;
  throw Object.assign(new GobFailure(code, reason), { path });
}

function incomplete(): never {
  throw new TypeError('gob: type used before it was complete');
}
