import { exceeded, mismatch, toEncodeError } from '../failure.js';
import { DEFAULT_GOB_LIMITS } from '../limits.js';
import { type GobRegistry, lookUp } from '../schema/registry.js';
import { flatten, type GobSchema, type InterfaceNode, nameOf, nodeOf, type SchemaNode } from '../schema/schema.js';
import { DEFAULT_FIRST_ID } from '../schema/type-ids.js';
import { encoderOf } from './compile-encoder.js';
import type { EncodeContext, ValueEncoder } from './encode-context.js';
import { SentTypes } from './sent-types.js';
import { GobWriter } from './writer.js';

/** The types that an encoder knows, and its limits. */
export interface GobEncoderOptions {
  /** Concrete types of interface values. Go's predeclared types are always known. */
  readonly registry?: GobRegistry;
  /** Longest message, in bytes. @default 1 GiB − 1, the most that every Go version reads */
  readonly maxSendMessageBytes?: number;
  /** Deepest nesting of a value; a cycle exceeds it. @default 1000 */
  readonly maxDepth?: number;
  /** First type id, at least 64. @default 65 */
  readonly firstTypeId?: number;
}

/**
 * One gob stream, sending side. It defines each type once, so all of its output must reach one decoder, in order. A value that does not
 * fit its schema throws an OptionsError with the path; nothing of it is written, and the stream goes on.
 */
export interface GobEncoder {
  /** Appends a value and takes all that was appended. */
  encode<T>(schema: GobSchema<T>, value: NoInfer<T>): Uint8Array;
  /** Appends a value, after the definitions of types that it needs. */
  append<T>(schema: GobSchema<T>, value: NoInfer<T>): void;
  /** The bytes that were appended and not taken yet. They belong to the caller. */
  take(): Uint8Array;
  /** The number of bytes that `take` would return. */
  readonly pendingBytes: number;
  /** Appends two values, or neither if one does not fit: a header and its body. */
  appendPair<A, B>(first: GobSchema<A>, a: NoInfer<A>, second: GobSchema<B>, b: NoInfer<B>): void;
}

/**
 * An encoder for one gob stream.
 *
 * @example
 * const encoder = createGobEncoder();
 * socket.write(encoder.encode(gob.string, 'hello'));
 */
export function createGobEncoder(options: GobEncoderOptions = {}): GobEncoder {
  return new StreamEncoder(options);
}

interface Prepared {
  readonly id: number;
  readonly isStruct: boolean;
  readonly encoder: ValueEncoder;
}

const MAX_DYNAMIC_NAME_BYTES = 1024;
const MAX_MESSAGE_BYTES = 2 ** 30 - 1;

class StreamEncoder implements GobEncoder, EncodeContext {
  readonly out = new GobWriter();
  depth = 0;
  readonly maxDepth: number;
  readonly #definitions = new GobWriter();
  readonly #types: SentTypes;
  readonly #registry: GobRegistry | undefined;
  readonly #maxSendMessageBytes: number;
  #prepared = new WeakMap<SchemaNode, Prepared>();

  constructor(options: GobEncoderOptions) {
    this.#registry = options.registry;
    this.#types = new SentTypes(options.firstTypeId ?? DEFAULT_FIRST_ID);
    this.#maxSendMessageBytes = options.maxSendMessageBytes ?? MAX_MESSAGE_BYTES;
    this.maxDepth = options.maxDepth ?? DEFAULT_GOB_LIMITS.maxDepth;
  }

  get pendingBytes(): number {
    return this.out.length;
  }

  take(): Uint8Array {
    return this.out.take();
  }

  encode<T>(schema: GobSchema<T>, value: NoInfer<T>): Uint8Array {
    this.append(schema, value);
    return this.out.take();
  }

  append<T>(schema: GobSchema<T>, value: NoInfer<T>): void {
    const start = this.out.length;
    try {
      this.#write(nodeOf(schema), value);
    } catch (error) {
      this.#rollBack(start);
      throw error;
    }
    this.#types.commit();
  }

  appendPair<A, B>(first: GobSchema<A>, a: NoInfer<A>, second: GobSchema<B>, b: NoInfer<B>): void {
    const start = this.out.length;
    try {
      this.#write(nodeOf(first), a);
      this.#write(nodeOf(second), b);
    } catch (error) {
      this.#rollBack(start);
      throw error;
    }
    this.#types.commit();
  }

  dynamic(name: string, value: unknown, node: InterfaceNode): void {
    const type = lookUp(name, node.registry, this.#registry?.entries);
    if (type === undefined) throw mismatch(`type not registered for interface: ${name}`);
    this.dynamicOf(name, value, type);
  }

  dynamicOf(name: string, value: unknown, type: SchemaNode): void {
    if (name === '' || name.length > MAX_DYNAMIC_NAME_BYTES) {
      throw mismatch(`a registered name has 1 to ${MAX_DYNAMIC_NAME_BYTES} bytes, got ${name.length}`);
    }
    this.out.text(name);
    // Definitions go before the message and not into it as Go's do, so that a receiver can skip the value by its byte count.
    this.#content(this.#prepare(type, this.#definitions), value);
  }

  #write(node: SchemaNode, value: unknown): void {
    try {
      const prepared = this.#prepare(node, this.out);
      const at = this.out.length;
      const from = this.out.beginCount();
      this.out.int(prepared.id);
      if (!prepared.isStruct) this.out.uint(0);
      prepared.encoder.write(this, value);
      this.out.endCount(from);
      this.#checkSize(this.out.length - from);
      if (this.#definitions.length > 0) this.out.insert(at, this.#definitions.take());
    } catch (error) {
      throw toEncodeError(error, nameOf(node));
    }
  }

  #content(prepared: Prepared, value: unknown): void {
    this.out.int(prepared.id);
    const from = this.out.beginCount();
    if (!prepared.isStruct) this.out.uint(0);
    prepared.encoder.write(this, value);
    this.out.endCount(from);
  }

  #checkSize(bytes: number): void {
    if (bytes > this.#maxSendMessageBytes) {
      throw exceeded(`a message of ${bytes} bytes is over the limit of ${this.#maxSendMessageBytes}`);
    }
  }

  #prepare(node: SchemaNode, definitions: GobWriter): Prepared {
    const known = this.#prepared.get(node);
    if (known !== undefined) return known;
    const prepared: Prepared = {
      id: this.#types.define(node, definitions),
      isStruct: flatten(node).kind === 'struct',
      encoder: encoderOf(node),
    };
    this.#prepared.set(node, prepared);
    return prepared;
  }

  #rollBack(start: number): void {
    this.out.truncate(start);
    this.#definitions.truncate(0);
    this.#types.rollBack();
    this.#prepared = new WeakMap();
    this.depth = 0;
  }
}
