import type { GobLimits } from '../limits.js';
import type { GobRegistry } from '../schema/registry.js';
import type { GobSchema } from '../schema/schema.js';
import type { GobAny } from '../schema/values.js';

/** What a decoder knows of types, and may hold. */
export interface GobDecoderOptions {
  /** Concrete types of interface values. Go's predeclared types need none. */
  readonly registry?: GobRegistry;
  readonly limits?: Partial<GobLimits>;
}

/**
 * One gob stream, receiving side. Push what arrives, then take values until there are no more: nothing bounds what is pushed and
 * not taken.
 *
 * A value that is malformed, does not fit its schema (ERR_GOB_TYPE) or exceeds a limit raises a ProtocolError that names the path;
 * the value is passed over, and the stream goes on. Once message boundaries are lost, every call raises the same error.
 */
export interface GobDecoder {
  /** Takes in received bytes. They may be kept, and must not be changed any more. */
  push(chunk: Uint8Array): void;
  /** The next value, as the schema has it; undefined until it has arrived completely. */
  next<T>(schema: GobSchema<T>): T | undefined;
  /** The next value, described by nothing but itself. */
  next(): GobAny | undefined;
  /** Passes over the next value, whatever it is; false until it has arrived completely. */
  skip(): boolean;
  /** The stream has ended: raises a ProtocolError when that cuts a value in two. */
  end(): void;
  /** Received bytes that no value has used. */
  readonly bufferedBytes: number;
}
