import { ProtocolError } from '../../../errors.js';
import { exceeded, GobFailure, malformed, toDecodeError } from '../failure.js';
import { type GobLimits, resolveGobLimits } from '../limits.js';
import { type GobSchema, nameOf, nodeOf, type RegistryEntries, type SchemaNode } from '../schema/schema.js';
import type { Decoding } from './decode-source.js';
import type { GobDecoder, GobDecoderOptions } from './decoder.js';
import { compileDecoding } from './decoding.js';
import { Decodings } from './decodings.js';
import { GobFramer, type GobMessage, noMessage } from './framer.js';
import { GobReader } from './reader.js';
import { type Scan, type ScanSource, scanContent } from './scan.js';
import { WireTypes } from './wire-types.js';

/** Not a failure: the value goes on in a message that has not arrived. */
const INCOMPLETE = new Error('gob: value not complete yet');

const NOTHING = new Uint8Array(0);
const ANY: SchemaNode = { kind: 'any' };

/**
 * Why a value is passed over by its structure: `complete`, to find its end among messages still to come, before it is decoded from
 * the beginning; `failed`, because decoding it failed; `asked`, because nobody wants it.
 */
type ScanPurpose = 'complete' | 'failed' | 'asked';

/** A decoder for one stream of gob messages, whose types are told once and remembered. */
export function createGobDecoder(options: GobDecoderOptions = {}): GobDecoder {
  return new StreamDecoder(options);
}

class StreamDecoder implements GobDecoder, ScanSource {
  readonly reader = new GobReader();
  readonly types: WireTypes;
  readonly registry: RegistryEntries | undefined;
  readonly maxDepth: number;
  depth = 0;
  heapLeft = 0;
  readonly #limits: GobLimits;
  readonly #decodings: Decodings;
  readonly #framer: GobFramer;
  /** The messages of the current value as far as they arrived. The first slot is used again and again. */
  readonly #messages: GobMessage[] = [noMessage()];
  #held = 0;
  #heldBytes = 0;
  #current = 0;
  /** The current value's type, and where its content begins in the first message. */
  #id = 0;
  #contentAt = 0;
  #scan: Scan | undefined;
  #purpose: ScanPurpose = 'complete';
  #broken: Error | undefined;

  constructor(options: GobDecoderOptions) {
    this.#limits = resolveGobLimits(options.limits);
    this.registry = options.registry?.entries;
    this.maxDepth = this.#limits.maxDepth;
    this.types = new WireTypes(this.#limits);
    this.#decodings = new Decodings(this.types, this.maxDepth, compileDecoding);
    this.#framer = new GobFramer(this.#limits.maxMessageBytes);
  }

  get bufferedBytes(): number {
    return this.#framer.bufferedBytes + this.#heldBytes;
  }

  push(chunk: Uint8Array): void {
    this.#framer.push(chunk);
  }

  next<T>(schema?: GobSchema<T>): T | undefined {
    const node = schema === undefined ? ANY : nodeOf(schema);
    if (!this.#seek(node)) return undefined;
    this.depth = 0;
    this.heapLeft = this.#limits.maxHeapBytes;
    try {
      const value = this.#decodings.contentOf(node, this.#id).read(this);
      this.#release();
      return value as T;
    } catch (error) {
      if (error === INCOMPLETE) {
        this.#startScan('complete');
        this.#advance(node);
        return undefined;
      }
      this.#startScan('failed');
      this.#advance(node);
      throw toDecodeError(error, nameOf(node));
    }
  }

  skip(): boolean {
    if (this.#scan === undefined || this.#purpose !== 'asked') {
      if (!this.#seek(ANY)) return false;
      this.#startScan('asked');
    }
    return this.#advance(ANY);
  }

  end(): void {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#framer.bufferedBytes === 0 && this.#scan === undefined) return;
    throw new ProtocolError('ERR_GOB', 'gob: the stream ended within a value.');
  }

  contentOf(node: SchemaNode, id: number): Decoding {
    return this.#decodings.contentOf(node, id);
  }

  dynamicId(): number {
    const { reader } = this;
    for (;;) {
      while (reader.pos >= reader.end) if (!this.#openNext(true)) throw INCOMPLETE;
      const id = reader.typeId();
      if (id >= 0) return id;
      this.define(-id);
      if (reader.pos < reader.end) reader.count();
    }
  }

  define(id: number): void {
    const { position, from } = this.#messages[this.#current]!;
    this.types.define(id, this.reader, position + this.reader.pos - from);
  }

  /** Finds the next value: finishes what was begun, reads definitions. True when at the content of a value. */
  #seek(node: SchemaNode): boolean {
    if (this.#scan !== undefined) {
      const purpose = this.#purpose;
      if (!this.#advance(node)) return false;
      if (purpose === 'complete') {
        this.#rewind();
        return true;
      }
    }
    try {
      while (this.#openNext(true)) {
        const id = this.reader.typeId();
        if (id >= 0) {
          this.#id = id;
          this.#contentAt = this.reader.pos;
          return true;
        }
        this.define(-id);
        if (this.reader.remaining > 0) throw malformed('extra data after a type definition');
        this.#release();
      }
      return false;
    } catch (error) {
      this.#release();
      throw toDecodeError(error, 'type definition');
    }
  }

  /** Reads from the next message of the current value; `hold`: keeps it, in case the value must be read again. */
  #openNext(hold: boolean): boolean {
    if (this.#current + 1 < this.#held) {
      this.#current += 1;
      this.#open();
      return true;
    }
    if (!hold && this.#held > 0) this.#release();
    const slot = (this.#messages[this.#held] ??= noMessage());
    if (!this.#pull(slot)) return false;
    this.#current = this.#held;
    this.#held += 1;
    this.#heldBytes += slot.end - slot.from;
    this.#open();
    if (this.#heldBytes > this.#limits.maxMessageBytes) {
      throw exceeded(`a value of several messages is over the limit of ${this.#limits.maxMessageBytes} bytes`);
    }
    return true;
  }

  #open(): void {
    const { bytes, from, end } = this.#messages[this.#current]!;
    this.reader.open(bytes, from, end);
  }

  #pull(slot: GobMessage): boolean {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      return this.#framer.next(slot);
    } catch (error) {
      this.#broken = error instanceof Error ? error : new Error(String(error));
      throw this.#broken;
    }
  }

  #startScan(purpose: ScanPurpose): void {
    this.#rewind();
    this.#purpose = purpose;
    this.#scan = scanContent(this, this.#id);
  }

  /** Scans on as far as messages have arrived; true when behind the value. */
  #advance(node: SchemaNode): boolean {
    try {
      while (this.#scan?.next().done === false) {
        if (!this.#openNext(this.#purpose === 'complete')) return false;
      }
    } catch (error) {
      this.#fail(error, node);
    }
    this.#scan = undefined;
    if (this.#purpose !== 'complete') this.#release();
    return true;
  }

  /** A scan met something wrong. What was wrong with a failed value has been said already. */
  #fail(error: unknown, node: SchemaNode): void {
    const tooLong = error instanceof GobFailure && error.code === 'ERR_LIMIT_EXCEEDED' && this.#purpose === 'complete';
    if (tooLong) this.#purpose = 'failed';
    else this.#scan = undefined;
    if (tooLong) throw toDecodeError(error, nameOf(node));
    this.#release();
    if (this.#purpose !== 'failed' || !(error instanceof GobFailure)) throw toDecodeError(error, nameOf(node));
  }

  #rewind(): void {
    this.#current = 0;
    this.depth = 0;
    this.#open();
    this.reader.pos = this.#contentAt;
  }

  #release(): void {
    // Emptying arrays costs more than all the rest of decoding a small value.
    if (this.#held > 1) this.#messages.length = 1;
    this.#messages[0]!.bytes = NOTHING;
    this.reader.bytes = NOTHING;
    this.#held = 0;
    this.#heldBytes = 0;
    this.#current = 0;
  }
}
