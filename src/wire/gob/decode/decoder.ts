import { ProtocolError } from '../../../errors.js';
import { GobFailure, malformed, toDecodeError } from '../failure.js';
import { type GobLimits, resolveGobLimits } from '../limits.js';
import type { GobRegistry } from '../schema/registry.js';
import { type GobSchema, nameOf, nodeOf, type RegistryEntries, type SchemaNode } from '../schema/schema.js';
import type { GobAny } from '../schema/values.js';
import { compileDecoder } from './compile-decoder.js';
import type { ValueDecoder } from './decode-context.js';
import { DecoderCache } from './decoder-cache.js';
import { GobReader } from './reader.js';
import { ReceivedTypes } from './received-types.js';
import { type ResumableSkip, resumableSkip, type SkipContext } from './resumable-skip.js';
import { ValueMessages } from './value-messages.js';

/** The types that a decoder knows, and its limits. */
export interface GobDecoderOptions {
  /** Concrete types of interface values. Go's predeclared types are always known. */
  readonly registry?: GobRegistry;
  readonly limits?: Partial<GobLimits>;
}

/**
 * One gob stream, receiving side. Push what arrives, then take values until there are no more: bytes that are pushed and not taken are
 * held without a limit.
 *
 * A value that is malformed, does not fit its schema (ERR_GOB_TYPE) or exceeds a limit throws a ProtocolError that names the path; the
 * value is skipped, and the stream goes on. Once message boundaries are lost, every call throws the same error.
 */
export interface GobDecoder {
  /** Adds received bytes. They may be kept, so they must not be changed any more. */
  push(chunk: Uint8Array): void;
  /** The next value, decoded as the schema says; undefined until it has arrived completely. */
  next<T>(schema: GobSchema<T>): T | undefined;
  /** The next value, decoded without a schema. */
  next(): GobAny | undefined;
  /** Skips the next value; false until it has arrived completely. */
  skip(): boolean;
  /** The stream has ended: throws a ProtocolError if that cuts a value in two. */
  end(): void;
  /** Received bytes that no value has used. */
  readonly bufferedBytes: number;
}

/** Thrown when the value goes on in a message that has not arrived. Not a failure, hence one instance without a useful stack. */
const INCOMPLETE = new Error('gob: value not complete yet');

const ANY: SchemaNode = { kind: 'any' };

/**
 * Why a value is skipped: `complete`, to find out whether its last message has arrived, after which it is decoded from the beginning;
 * `failed`, because decoding it failed; `asked`, because the caller asked for it.
 */
type SkipPurpose = 'complete' | 'failed' | 'asked';

/**
 * A decoder for one gob stream. The peer defines each type once in a stream, so a decoder reads all of it, from the beginning.
 *
 * @example
 * const decoder = createGobDecoder();
 * socket.on('data', (chunk) => {
 *   decoder.push(chunk);
 *   for (let text = decoder.next(gob.string); text !== undefined; text = decoder.next(gob.string)) console.log(text);
 * });
 */
export function createGobDecoder(options: GobDecoderOptions = {}): GobDecoder {
  return new StreamDecoder(options);
}

class StreamDecoder implements GobDecoder, SkipContext {
  readonly reader = new GobReader();
  readonly types: ReceivedTypes;
  readonly registry: RegistryEntries | undefined;
  readonly maxDepth: number;
  depth = 0;
  heapLeft = 0;
  readonly #limits: GobLimits;
  readonly #decoders: DecoderCache;
  readonly #messages: ValueMessages;
  /** The current value's type, and where its content begins in its first message. */
  #id = 0;
  #contentAt = 0;
  #skipping: ResumableSkip | undefined;
  #purpose: SkipPurpose = 'complete';

  constructor(options: GobDecoderOptions) {
    this.#limits = resolveGobLimits(options.limits);
    this.registry = options.registry?.entries;
    this.maxDepth = this.#limits.maxDepth;
    this.types = new ReceivedTypes(this.#limits);
    this.#decoders = new DecoderCache(this.types, this.maxDepth, compileDecoder);
    this.#messages = new ValueMessages(this.reader, this.#limits.maxReceiveMessageBytes);
  }

  get bufferedBytes(): number {
    return this.#messages.bufferedBytes;
  }

  push(chunk: Uint8Array): void {
    this.#messages.push(chunk);
  }

  next<T>(schema?: GobSchema<T>): T | undefined {
    const node = schema === undefined ? ANY : nodeOf(schema);
    if (!this.#seek(node)) return undefined;
    this.depth = 0;
    this.heapLeft = this.#limits.maxHeapBytes;
    try {
      const value = this.#decoders.contentOf(node, this.#id).read(this);
      this.#messages.release();
      return value as T;
    } catch (error) {
      if (error === INCOMPLETE) {
        this.#startSkip('complete');
        this.#advance(node);
        return undefined;
      }
      this.#startSkip('failed');
      this.#advance(node);
      throw toDecodeError(error, nameOf(node));
    }
  }

  skip(): boolean {
    if (this.#skipping === undefined || this.#purpose !== 'asked') {
      if (!this.#seek(ANY)) return false;
      this.#startSkip('asked');
    }
    return this.#advance(ANY);
  }

  end(): void {
    if (this.#messages.broken !== undefined) throw this.#messages.broken;
    if (this.#messages.drained && this.#skipping === undefined) return;
    throw new ProtocolError('ERR_GOB', 'gob: the stream ended within a value.');
  }

  contentOf(node: SchemaNode, id: number): ValueDecoder {
    return this.#decoders.contentOf(node, id);
  }

  dynamicId(): number {
    const { reader } = this;
    for (;;) {
      while (reader.pos >= reader.end) if (!this.#messages.openNext(true)) throw INCOMPLETE;
      const id = reader.typeId();
      if (id >= 0) return id;
      this.define(-id);
      if (reader.pos < reader.end) reader.count();
    }
  }

  define(id: number): void {
    this.types.define(id, this.reader, this.#messages.position);
  }

  /** Goes to the content of the next value; reads type definitions and finishes a skip on the way. False when it has not arrived. */
  #seek(node: SchemaNode): boolean {
    if (this.#skipping !== undefined) {
      const purpose = this.#purpose;
      if (!this.#advance(node)) return false;
      if (purpose === 'complete') {
        this.#rewind();
        return true;
      }
    }
    try {
      while (this.#messages.openNext(true)) {
        const id = this.reader.typeId();
        if (id >= 0) {
          this.#id = id;
          this.#contentAt = this.reader.pos;
          return true;
        }
        this.define(-id);
        if (this.reader.remaining > 0) throw malformed('extra data after a type definition');
        this.#messages.release();
      }
      return false;
    } catch (error) {
      this.#messages.release();
      throw toDecodeError(error, 'type definition');
    }
  }

  #startSkip(purpose: SkipPurpose): void {
    this.#rewind();
    this.#purpose = purpose;
    this.#skipping = resumableSkip(this, this.#id);
  }

  /** Skips as far as messages have arrived; true at the end of the value. */
  #advance(node: SchemaNode): boolean {
    try {
      while (this.#skipping?.next().done === false) {
        if (!this.#messages.openNext(this.#purpose === 'complete')) return false;
      }
    } catch (error) {
      this.#failSkip(error, node);
    }
    this.#skipping = undefined;
    if (this.#purpose !== 'complete') this.#messages.release();
    return true;
  }

  /**
   * Skipping failed. The failure of a value whose decoding failed was reported already. A value that is too long to be held is skipped on,
   * without being held.
   */
  #failSkip(error: unknown, node: SchemaNode): void {
    const tooLong = error instanceof GobFailure && error.code === 'ERR_LIMIT_EXCEEDED' && this.#purpose === 'complete';
    if (tooLong) this.#purpose = 'failed';
    else this.#skipping = undefined;
    if (tooLong) throw toDecodeError(error, nameOf(node));
    this.#messages.release();
    if (this.#purpose !== 'failed' || !(error instanceof GobFailure)) throw toDecodeError(error, nameOf(node));
  }

  #rewind(): void {
    this.depth = 0;
    this.#messages.rewind(this.#contentAt);
  }
}
